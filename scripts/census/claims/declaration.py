"""The declaration of a claim: a prediction about a statistic, its test, and the choices in it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from census.claims.choices import Choices
from census.claims.evidence import Evidence
from census.claims.verdict import Outcome

Test = Callable[..., Outcome]
UNLIMITED = (-math.inf, math.inf)
OF_EVIDENCE = ("top_images", "normalizer", "threshold", "mode")  # choices that change the evidence


@dataclass(frozen=True)
class Claim:
    """A prediction.

    Attributes
    ----------
    id : the study, a number, and a letter if there are several tests of a conclusion; unique.
    claim : the study's conclusion, a sentence that stands alone.
    statistic : the measured quantity.
    predicted : 1 if the claim predicts a statistic above the null, -1 if below.
    null : the statistic under the null hypothesis.
    resampled : units of resampling of the interval, such as units, images or components.
    figure : family and view of the figure that shows it, below ``results/figures/``.
    of : the layers that it is about, a property of the evidence.
    statistic_of : function of the evidence, the names of layers and the choices that returns the outcome.
    orders : measures of units whose order is compared, or choices among measures.
    choices : defensible choices, see :mod:`census.claims.choices`.
    between_networks : whether the statistic of a network is a mean over its pairs with other networks.
    limits : the lowest and the highest value that the statistic can have.
    """

    id: str
    claim: str
    statistic: str
    predicted: int
    null: float
    resampled: str
    figure: tuple[str, str]
    of: str
    statistic_of: Test
    orders: Sequence[str] = ()
    choices: Choices = field(default_factory=dict)
    between_networks: bool = False
    limits: tuple[float, float] = UNLIMITED

    @property
    def side(self) -> str:
        """The predicted side of the null: ``above`` or ``below``."""
        return "above" if self.predicted > 0 else "below"

    def test(
        self,
        evidence: Evidence,
        of: Evidence | None = None,
        only: NDArray[np.bool_] | None = None,
        **chosen: Any,
    ) -> Outcome:
        """Return the outcome; the claim's own choices are those that are not given.

        Parameters
        ----------
        of : evidence whose layers are tested; None for ``evidence``. A control is tested on the layers of the
            trained network, of which more measures may exist.
        only : array of bool, shape (n_layers,), which of these layers; None for all.
        """
        own = {name: values[0] for name, values in self.choices.items() if not isinstance(values, str)}
        chosen = {**own, **chosen}
        names = getattr(of or evidence, chosen.pop("layers", self.of))
        names = list(names if only is None else compress(names, only))
        if not names:
            return Outcome.undefined(f"no {self.of} layers")
        orders = [chosen.get(name, name) for name in self.orders]
        changes = {name: chosen.pop(name) for name in OF_EVIDENCE if name in chosen}
        outcome = self.statistic_of(evidence.variant(**changes), names, **chosen)
        return replace(outcome, unreliable=evidence.unreliable(orders, names))

    def test_both(
        self, evidence: Evidence, untrained: Evidence | None
    ) -> tuple[Outcome, Outcome, Outcome | None]:
        """Return the outcome, and those of both networks over the layers in which both have a value.

        Without an untrained network, the second is the outcome, and the third is None.
        """
        outcome = self.test(evidence)
        if untrained is None:
            return outcome, outcome, None
        control = self.test(untrained, evidence)
        if outcome.known is None or control.known is None or (outcome.known == control.known).all():
            return outcome, outcome, control
        common = outcome.known & control.known
        return outcome, self.test(evidence, only=common), self.test(untrained, evidence, common)

    def values(self, evidence: Evidence) -> Mapping[str, Sequence[Any]]:
        """Return the values of each choice; layers that the network lacks, or has under two names, once."""
        values: dict[str, Sequence[Any]] = {
            name: getattr(evidence, each) if isinstance(each, str) else each
            for name, each in self.choices.items()
        }
        if "layers" in values:
            own, *_ = values["layers"]
            first_of: dict[tuple[str, ...], str] = {}
            for name in values["layers"]:
                first_of.setdefault(tuple(getattr(evidence, name)), name)
            values["layers"] = [own, *(name for names, name in first_of.items() if names and name != own)]
        return values

    def specifications(self, evidence: Evidence) -> Iterator[dict[str, Any]]:
        """Yield all combinations of the choices, the claim's own first; none of a claim without choices."""
        values = self.values(evidence)
        if values:
            for chosen in product(*values.values()):
                yield dict(zip(values, chosen, strict=True))


def declare(
    claims: list[Claim],
    id: str,
    claim: str,
    statistic: str,
    predicted: int,
    figure: tuple[str, str],
    resampled: str = "units",
    null: float = 0,
    of: str = "nonlinear",
    orders: Sequence[str] = (),
    choices: Choices | None = None,
    between_networks: bool = False,
    limits: tuple[float, float] = (-1, 1),
) -> Callable[[Test], Test]:
    """Declare a claim by its test, and append it to the claims.

    Parameters
    ----------
    of : the layers that the claim is about, which are passed to the test. Without any, there is no outcome.
    choices : see :mod:`census.claims.choices`. The test takes them by name, except ``layers``, by which it
        gets other names of layers, and those of :data:`OF_EVIDENCE`, by which it gets other evidence. Only
        these may name a property of the evidence.
    orders, between_networks, limits : see :class:`Claim`; limits by default are those of a correlation.

    Raises
    ------
    TypeError : the first of the choices of layers is not ``of``.
    """
    choices = choices or {}
    if "layers" in choices and choices["layers"][0] != of:
        raise TypeError(f"claim {id}: the first choice of layers is {choices['layers'][0]!r}, not {of!r}")

    def declared(test: Test) -> Test:
        claims.append(
            Claim(
                *(id, claim, statistic, predicted, null, resampled, figure, of, test, orders, choices),
                between_networks=between_networks,
                limits=limits,
            )
        )
        return test

    return declared
