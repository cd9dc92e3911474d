"""Run a network and pass the values of selected layers to a callback."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from census.networks.operations import Operation
from census.networks.running import Part, run
from census.networks.watch import INPUT, OUTPUT, Finished, Watch, tensors_in


class Recorder(Watch):
    """Run a network and pass each layer's values to a callback before the next step can write to them.

    Parameters
    ----------
    network : in evaluation mode.
    layers : by recorded name, the step that returns the values: a layer's ``node``.
    entering : by further recorded name, the step that takes the values as its first tensor. For
        pre-activations, that step is the nonlinearity.
    steps : all steps of a forward pass, see :class:`~census.networks.graph.Listing`; None for no check.
    key : the network's key in the config, for messages.
    logits : see :func:`census.networks.running.logits_of`.
    """

    def __init__(
        self,
        network: nn.Module,
        layers: Mapping[str, str],
        *,
        entering: Mapping[str, str] | None = None,
        steps: Sequence[str] | None = None,
        key: str = "network",
        logits: Part = None,
    ) -> None:
        super().__init__(network, steps, key)
        self.network, self._logits = network, logits
        # recorded names, by whether a step begins or ends, and by step
        self._names: dict[tuple[str, str], list[str]] = {}
        for when, wanted in (("ends", layers), ("begins", entering or {})):
            for name, step in wanted.items():
                self._names.setdefault((when, step), []).append(name)

    def __call__(self, images: Tensor, take: Callable[[str, Tensor], None]) -> Tensor | None:
        """Run the network on a batch, as far as the last of the layers.

        Parameters
        ----------
        images : preprocessed images (n, channels, height, width), float.
        take : called with each name and its values, batch axis first, in order of the steps. Values are valid
            until ``take`` returns, because the next step may write to them.

        Returns
        -------
        tensor of float, shape (n_images, n_classes), the logits; None if the run stopped at the last layer.

        Raises
        ------
        StudyError : the forward pass fails, or its steps are not ``steps``.
        """
        self._take_values, self._left = take, set(self._names)
        self._hand_out("ends", INPUT, images)
        if not self._left:
            return None
        try:
            logits = run(self.network, images, self._key, self._logits, self)
        except Finished:
            return None
        self._hand_out("ends", OUTPUT, logits)
        if self._left:
            missing = sorted(step for _, step in self._left)
            raise KeyError(f"networks.{self._key}: the forward pass has no steps {missing}")
        return logits

    def _on_enter(self, name: str, given: Any) -> None:
        if ("begins", name) in self._left:
            self._hand_out("begins", name, tensors_in(given)[0])

    def _on_step(self, name: str, operation: Operation, given: Any, output: Any) -> None:
        self._see(name, output)

    def _on_return(self, name: str, module: nn.Module, given: Any, output: Any) -> None:
        self._see(name, output)

    def _see(self, name: str, output: Any) -> None:
        self._hand_out("ends", name, output)
        if not self._left:
            raise Finished

    def _hand_out(self, when: str, step: str, values: Tensor) -> None:
        if (when, step) in self._left:
            self._left.discard((when, step))
            for name in self._names[when, step]:
                self._take_values(name, values)
