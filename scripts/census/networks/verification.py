"""Verify that recorded values equal the network's own, and depend on each image alone.

Recorded values are compared with the network's logits, and with clones that hooks on its modules take
immediately. The comparison needs no list of possible faults. It detects writes through views, names that
refer to another tensor, noise, and statistics over the batch.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import google_crc32c
import torch
from torch import Tensor, nn

from census.errors import StudyError
from census.jobs import LOGGER
from census.networks.graph import Listing
from census.networks.layers import Layer, preactivations
from census.networks.recorder import Recorder
from census.networks.running import Part, run
from census.networks.watch import INPUT, OUTPUT

N_IMAGES = 3
# Largest difference, in units of the root mean square of a layer's values. In float32, kernels for other
# layouts and batches differ by 1e-7 to 1e-4 after a few hundred layers. Faults differ by 1e-2 and more.
TOLERANCE = 1e-3
# Bytes of values that are kept at once, or else number of layers of the largest size, which a forward pass
# holds in memory anyway. More values are compared in parts, each with further passes.
AT_ONCE = 2 << 30
LARGEST_AT_ONCE = 2


@dataclass(frozen=True)
class Verification:
    """The result of a passed comparison of recorded values with the network's own.

    Attributes
    ----------
    n_images : number of images.
    n_modules : number of modules whose outputs were compared.
    tolerance : largest difference that is rounding, in root mean squares of a layer's values.
    rounding : largest difference between values of an image alone and in a batch, in root mean squares of a
        layer's values.
    """

    n_images: int
    n_modules: int
    tolerance: float
    rounding: float

    def attribute(self) -> dict[str, Any]:
        """Return the fields as plain values, for the attributes of a store."""
        return asdict(self)


def difference(values: Tensor, truth: Tensor) -> float:
    """Return the largest difference between two tensors, in root mean squares of the second.

    Equal infinities, and NaN at the same positions, count as equal. NaN in only one tensor is an infinite
    difference.
    """
    if values.shape != truth.shape:
        return float("inf")
    if not truth.numel():
        return 0.0
    if not (values.is_floating_point() or values.is_complex()):
        values, truth = values.float(), truth.float()
    distance = (values - truth).abs()
    distance = distance.to(torch.promote_types(distance.dtype, torch.float32))
    distance[(values == truth) | (values.isnan() & truth.isnan())] = 0
    largest = distance.nan_to_num(nan=float("inf"), posinf=float("inf")).max().item()
    if largest == 0:
        return 0.0
    finite = truth[truth.isfinite()].abs().to(distance.dtype)
    top = finite.max().item() if finite.numel() else 0.0
    if not top:
        return float("inf")
    # relative to the largest value, because squares of values above 1e19 overflow and would hide differences
    return largest / (top * finite.div_(top).square_().mean().sqrt().item())


def perturb(network: nn.Module) -> None:
    """Add a little noise to random weights, in place.

    Some heads start at zero, so their logits would not depend on earlier layers.
    """
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise), alpha=0.01)


def verify(
    network: nn.Module, listing: Listing, images: Tensor, key: str = "network", logits: Part = None
) -> Verification:
    """Compare recorded values of a network with the network's own.

    Parameters
    ----------
    network : in evaluation mode, on the device and in the layout of the study.
    listing : the network's listing, see :func:`census.networks.graph.layers_of`.
    images : preprocessed images that differ from each other, tensor of float, shape (n, n_channels, height,
        width).
    key : the network's key in the config, for messages.
    logits : see :func:`census.networks.running.logits_of`.

    Raises
    ------
    StudyError : a layer differs from the network's own values, between runs, or with the other images in the
        batch. The message names the layer, the difference and the way out.
    """

    def recorder(of: nn.Module) -> Recorder:
        return Recorder(
            of,
            {layer.name: layer.node for layer in listing.layers},
            entering={name: layer.node for name, layer in preactivations(listing.layers).items()},
            steps=listing.steps,
            key=key,
            logits=logits,
        )

    n_modules, rounding = 0, 0.0
    with torch.inference_mode():
        plain = run(network, images.clone(), key, logits)
        record = recorder(network)
        again: Tensor | None = None
        compared = {layer.name for layer in listing.layers}
        # the recorded and the network's own values of all images
        parts = list(_parts(listing.layers, 2 * len(images)))
        if len(parts) > 1:
            # too many to be kept: checksums tell layers whose values are equal bit by bit
            checksums = _Checksums(network, listing.layers)
            again = checksums.run(images.clone(), key, logits)
            found = _Comparison(checksums)
            record(images.clone(), found)
            compared = {found.layer_of(name) for name in found.wrong}
            n_modules = sum(count for name, count in found.n_modules.items() if name not in compared)
            # of these, values of one image are kept, to compare them with those of the image alone
            parts = list(_parts(listing.layers, 1))
        for layers in parts:
            truth = _Truth(network, [layer for layer in layers if layer.name in compared])
            if again is None or truth.layers:
                again = truth.run(images.clone(), key, logits)
            found = _Comparison(truth, layers)
            # all layers are recorded, as in the study, but only those of the part are compared
            recorded = record(images.clone(), found)
            assert recorded is not None
            wrong = [(f"layer {name!r}", distance) for name, distance in found.wrong.items()]
            for name, values in (("the logits of a second run", again), ("the logits", recorded)):
                if difference(values, plain) > TOLERANCE:
                    wrong.append((name, difference(values, plain)))
            if wrong:
                _explain(record, listing.layers, images, wrong, key)
            alone = _alone(record, images, found.first, key)
            rounded = {name: distance for name, distance in alone.items() if distance > TOLERANCE}
            if rounded:
                _refuse_more_than_rounding(network, recorder, images, rounded, key)
            n_modules += found.n_modules.total()
            rounding = max(rounding, *alone.values(), 0.0)
    return Verification(len(images), n_modules, TOLERANCE, rounding)


def _parts(layers: Sequence[Layer], n_images: int) -> Iterator[list[Layer]]:
    """Yield parts of the layers whose values on so many images are kept at once."""
    # float32; as much again for pre-activations
    sizes = [4 * n_images * layer.n_neurons * (2 if layer.preactivation else 1) for layer in layers]
    at_once = max(AT_ONCE, LARGEST_AT_ONCE * max(sizes))
    part: list[Layer] = []
    taken = 0
    for layer, size in zip(layers, sizes, strict=True):
        if part and taken + size > at_once:
            yield part
            part, taken = [], 0
        part.append(layer)
        taken += size
    yield part


def _names(layer: Layer) -> set[str]:
    """Return the names of modules that return a layer's values, including its step."""
    # no module has these two names
    return {layer.name, *layer.aliases, layer.node} - {INPUT, OUTPUT}


class _Truth:
    """The network's own values of some layers: inputs and outputs of their modules, taken by hooks.

    Attributes
    ----------
    layers : the layers.
    returned, taken : what is kept of outputs and inputs, by name of the step.
    """

    def __init__(self, network: nn.Module, layers: Sequence[Layer]) -> None:
        self._network, self.layers = network, layers
        self._returning = set().union(*map(_names, layers))
        self._taking = {layer.node for layer in layers if layer.preactivation}
        self.returned: dict[str, Any] = {}
        self.taken: dict[str, Any] = {}

    def keep(self, values: Tensor) -> Any:
        """Return what is kept of values that the next step may overwrite."""
        return values.clone()

    def distance(self, values: Tensor, kept: Any) -> float:
        """Return the difference between recorded values and what is kept of the network's own."""
        return difference(values, kept)

    def run(self, images: Tensor, key: str, logits: Part) -> Tensor:
        """Run the network, and return its logits."""
        calls = Counter(dict.fromkeys((INPUT, OUTPUT), 1))

        def keep(path: str) -> Any:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                name = f"{path}_{calls[path]}" if calls[path] else path
                calls[path] += 1
                if name in self._returning and isinstance(output, Tensor):
                    self.returned[name] = self.keep(output)

            return hook

        def keep_taken(path: str) -> Any:
            def hook(module: nn.Module, inputs: Any) -> None:
                name = f"{path}_{calls[path]}" if calls[path] else path
                if name in self._taking and inputs and isinstance(inputs[0], Tensor):
                    self.taken[name] = self.keep(inputs[0])

            return hook

        handles = []
        for path, module in self._network.named_modules():
            if path and not isinstance(module, torch.jit.ScriptModule):
                handles.append(module.register_forward_hook(keep(path)))
                if not any(True for _ in module.children()):
                    handles.append(module.register_forward_pre_hook(keep_taken(path)))
        try:
            answer = run(self._network, images, key, logits)
        finally:
            for handle in handles:
                handle.remove()
        return answer


class _Checksums(_Truth):
    """The same with checksums instead of values: a difference in any bit is infinite."""

    def keep(self, values: Tensor) -> Any:
        """Return shape, type and checksum of values."""
        flat = values.resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
        return values.shape, values.dtype, google_crc32c.value(flat.cpu().numpy().tobytes())

    def distance(self, values: Tensor, kept: Any) -> float:
        """Return 0 or infinity."""
        return 0.0 if self.keep(values) == kept else float("inf")


class _Comparison:
    """Compare recorded values with the network's own.

    Parameters
    ----------
    truth : the network's own values of the layers that are compared.
    layers : layers whose values on the first image are kept.

    Attributes
    ----------
    n_modules : number of compared inputs and outputs of modules, by layer.
    wrong : differences that are more than rounding, by recorded name.
    first : values on the first image, by recorded name.
    """

    def __init__(self, truth: _Truth, layers: Sequence[Layer] = ()) -> None:
        self._truth = truth
        self._names = {layer.name: _names(layer) for layer in truth.layers}
        self._preactivations = preactivations(truth.layers)
        self._kept = {layer.name for layer in layers} | set(preactivations(layers))
        self.n_modules: Counter[str] = Counter()
        self.wrong: dict[str, float] = {}
        self.first: dict[str, Tensor] = {}

    def __call__(self, name: str, values: Tensor) -> None:
        if name in self._kept:
            self.first[name] = values[:1].clone()
        if name in self._preactivations:
            own = [self._truth.taken.get(self._preactivations[name].node)]
        else:
            own = [self._truth.returned.get(each) for each in self._names.get(name, ())]
        for kept in own:
            if kept is not None:
                self.n_modules[self.layer_of(name)] += 1
                distance = self._truth.distance(values, kept)
                if distance > TOLERANCE:
                    self.wrong.setdefault(name, distance)

    def layer_of(self, name: str) -> str:
        """Return the layer of a recorded name, which may be that of its pre-activations."""
        return self._preactivations[name].name if name in self._preactivations else name


def _explain(
    record: Recorder,
    layers: Sequence[Layer],
    images: Tensor,
    wrong: Sequence[tuple[str, float]],
    key: str,
) -> None:
    """Raise the error for values that differ from the network's, at random or in every run."""
    for part in _parts(layers, len(images)):
        for name, distance in _varying(record, part, images):
            raise StudyError(
                f"networks.{key}: layer {name!r} differs between two runs on the same images, by "
                f"{distance:.2g} times its root mean square; turn dropout and noise off in evaluation mode"
            )
    name, distance = wrong[0]
    raise StudyError(
        f"networks.{key}: recorded values of {name} differ from the network's own by {distance:.2g} times "
        "their root mean square, so this network is not recorded; please report its forward"
    )


def _varying(record: Recorder, layers: Sequence[Layer], images: Tensor) -> list[tuple[str, float]]:
    """Return the recorded names, in order, whose values differ between two runs, and by how much."""
    names = {layer.name for layer in layers} | set(preactivations(layers))
    once: dict[str, Tensor] = {}
    found: list[tuple[str, float]] = []

    def keep(name: str, values: Tensor) -> None:
        if name in names:
            once[name] = values.clone()

    def compare(name: str, values: Tensor) -> None:
        distance = difference(values, once[name]) if name in names else 0.0
        if distance > TOLERANCE:
            found.append((name, distance))

    record(images.clone(), keep)
    record(images.clone(), compare)
    return found


def _alone(record: Recorder, images: Tensor, beside: Mapping[str, Tensor], key: str) -> dict[str, float]:
    """Return, by layer, the difference between values on the first image alone and within the batch.

    Raises
    ------
    StudyError : the values differ in shape.
    """
    distances: dict[str, float] = {}

    def compare(name: str, values: Tensor) -> None:
        if name not in beside:
            return
        own, shared = tuple(values.shape[1:]), tuple(beside[name].shape[1:])
        if own != shared:
            raise StudyError(
                f"networks.{key}: layer {name!r} depends on the other images in the batch: an image alone "
                f"has values of shape {own} there, one of {len(images)} images {shared}; compute over each "
                "image alone"
            )
        distances[name] = difference(values, beside[name])

    record(images[:1].clone(), compare)
    return distances


def _refuse_more_than_rounding(
    network: nn.Module,
    recorder: Callable[[nn.Module], Recorder],
    images: Tensor,
    distances: Mapping[str, float],
    key: str,
) -> None:
    """Raise an error if values on the first image depend on the other images in float64, too.

    Kernels for other batch sizes round differently. Some networks amplify rounding from layer to layer: with
    random weights, values may grow until gates saturate. In float64 rounding is a billion times smaller, but
    a true dependence stays as large. A network that does not run in float64 is treated as dependent.

    Parameters
    ----------
    distances : differences beyond the tolerance in float32, by layer.
    """
    beside: dict[str, Tensor] = {}

    def keep(name: str, values: Tensor) -> None:
        if name in distances:
            beside[name] = values[:1].clone()

    try:
        with torch.inference_mode(False):
            precise = recorder(copy.deepcopy(network).double())
        precise(images.double(), keep)
        remaining = _alone(precise, images.double(), beside, key)
    except Exception as error:  # whatever a forward raises on values of another type
        LOGGER.info("networks.%s does not run in float64: %s", key, error)
        remaining = dict(distances)
    for name, distance in distances.items():
        if remaining[name] > TOLERANCE:
            raise StudyError(
                f"networks.{key}: layer {name!r} depends on the other images in the batch, by {distance:.2g} "
                "times its root mean square; normalize by running statistics, or over each image alone"
            )
    name = max(distances, key=lambda each: distances[each])
    LOGGER.warning(
        "networks.%s amplifies rounding: values of layer %r change by up to %.2g times their root mean "
        "square with the size of the batch, but not in float64; expect other values on another machine",
        key,
        name,
        distances[name],
    )
