"""Universality: whether the units of a layer recur in networks trained identically from other seeds.

All networks process the same images. A unit's partner in another network is the unit of the same layer with
the highest rank correlation of responses. Two controls estimate its chance level: the other network's images
in random order, and a rotation of its units. See :mod:`census.statistics.universality`.

References
----------
Li, Yosinski, Clune, Lipson & Hopcroft (2015), Convergent learning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from annotated_types import Ge

from census.errors import StudyError
from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Measure, Recordings
from census.statistics.defined import finite_mean, mean_over
from census.statistics.streams import seed_of, stream
from census.statistics.subset import choose_images
from census.statistics.universality import Chance, Matches, chance, match, permuted, ranked, rotated

if TYPE_CHECKING:
    from census.stores.recording import Recording

SOURCE = "Li et al. 2015"
MATCHES = ("best", "mutual", "assigned")
INPUT = "input"


@dataclass(frozen=True)
class Parameters:
    """Whether units recur in networks that are trained from other seeds."""

    images: Annotated[int, Ge(8)] = 2000
    """Maximum number of images on which units are compared, drawn at random from the recording."""
    draws: Annotated[int, Ge(1)] = 2
    """Number of random orders of images, and of rotations of units, per network for the chance levels."""


class Units(Table, per="unit"):
    """Recurrence of each unit, averaged over the networks of other seeds."""

    universality: Floats = column(
        "rank correlation of responses with the unit's partner, the unit of the same layer in another "
        "network with the highest one; mean over networks of other seeds",
        SOURCE,
        range=(-1, 1),
    )
    universality_rotated: Floats = column(
        "`universality` with random rotations of the units of the other networks",
        SOURCE,
        range=(-1, 1),
    )
    universality_mutual: Floats = share(
        "share of the networks of other seeds in which the unit is the partner of its partner", SOURCE
    )
    universality_assigned: Floats = column(
        "rank correlation with the unit's partner if partners are assigned one to one; mean over networks of "
        "other seeds",
        SOURCE,
        range=(-1, 1),
    )


class Partners(Table, per="partner"):
    """The partners of each unit in each network of another seed."""

    other: Texts = column("name of the other network in paths")
    unit: Integers = count("index of the unit in its layer", "")
    partner: Integers = column(
        "unit of the other network with the highest rank correlation; null for units without one",
        range=(0, None),
    )
    rho: Floats = column("rank correlation with the partner", range=(-1, 1))
    mutual: Floats = share("1 if the unit is the partner of its partner, else 0")
    assigned_partner: Integers = column(
        "partner if partners are assigned one to one; null for units without one", range=(0, None)
    )
    assigned_rho: Floats = column("rank correlation with the assigned partner", range=(-1, 1))


def _mean(column_of_units: str, of: str = "units", least: int = -1) -> Any:
    return column(f"mean of `{column_of_units}` over {of}", SOURCE, range=(least, 1))


ROTATED = "units, with random rotations of the units of the other networks"
PERMUTED = "units, with the images of the other networks in random order"


class Layer(Table, per="layer"):
    """Recurrence of a layer's units, with chance levels."""

    n_networks: int = count("networks trained identically from different seeds", "networks", "ours")
    n_compared_images: int = count("images on which units are compared", "images")
    n_incomparable_units: int = count("units with a constant response, or without finite responses", "units")
    universality_mean: float = _mean("universality")
    universality_permuted: float = _mean("universality", PERMUTED)
    universality_rotated: float = _mean("universality", ROTATED)
    universality_mutual_mean: float = _mean("universality_mutual", least=0)
    universality_mutual_rotated: float = _mean("universality_mutual", ROTATED, least=0)
    universality_assigned_mean: float = _mean("universality_assigned")
    universality_assigned_rotated: float = _mean("universality_assigned", ROTATED)


def compute(
    layer: "Sequence[Recording]", parameters: Parameters, seed: int
) -> Iterator[Units | Partners | Layer]:
    """Compare the units of a layer between networks, at each checkpoint.

    Parameters
    ----------
    layer : the layer's recordings, network by network.

    Raises
    ------
    StudyError : the networks were recorded on different images.
    """
    # all networks have the same input
    if layer[0].attributes["kind"] == INPUT:
        return
    by_step = sorted(layer, key=lambda each: str(each.attributes["checkpoint"]))
    for _, networks in groupby(by_step, lambda each: str(each.attributes["checkpoint"])):
        yield from _compare(list(networks), parameters, seed)


def _compare(
    networks: "Sequence[Recording]", parameters: Parameters, seed: int
) -> Iterator[Units | Partners | Layer]:
    """Compare the units of a layer between networks."""
    first = networks[0]
    places, _ = choose_images(
        len(first.images), parameters.images, 0, seed_of(seed, "images of universality")
    )
    for other in networks[1:]:
        if not np.array_equal(first.images, other.images):
            raise StudyError(
                f"{first}: {first.attributes['network']} and {other.attributes['network']} were recorded on "
                "different images; delete the recordings of one of them"
            )
    responses = [network.on_images("mean", places) for network in networks]
    ranks = [ranked(values) for values in responses]
    numbers = range(len(networks))
    permuted_by: dict[int, list[Chance]] = {here: [] for here in numbers}
    rotated_by: dict[int, list[Chance]] = {here: [] for here in numbers}
    for there, network in enumerate(networks):
        others = [here for here in numbers if here != there]
        purpose = [str(network.attributes[key]) for key in ("network", "checkpoint", "layer")]
        orders = permuted(ranks[there], parameters.draws, stream(seed, "orders of images", *purpose))
        rotations = rotated(responses[there], parameters.draws, stream(seed, "rotated layers", *purpose))
        # only best partners are used with images in random order
        for found, control, assign in ((permuted_by, orders, False), (rotated_by, rotations, True)):
            by_chance = chance([ranks[each] for each in others], control, assign=assign)
            for here, of_layer in zip(others, by_chance, strict=True):
                found[here].append(of_layer)
    for here in numbers:
        matches = {there: match(ranks[here], ranks[there]) for there in numbers if there != here}
        yield from _tables(networks, here, matches, permuted_by[here], rotated_by[here], len(places))


def _tables(
    networks: "Sequence[Recording]",
    here: int,
    matches: Mapping[int, Matches],
    orders: Sequence[Chance],
    rotations: Sequence[Chance],
    n_images: int,
) -> Iterator[Units | Partners | Layer]:
    """Yield the tables of one network.

    Parameters
    ----------
    here : index of the network.
    matches : matches with each other network, by its index.
    orders, rotations : controls of each other network.
    """
    network, n_units = networks[here], networks[here].shape[0]
    units = {
        name: mean_over(np.stack([getattr(each, name) for each in matches.values()])) for name in MATCHES
    }
    rotation = {
        name: mean_over(np.concatenate([getattr(each, name) for each in rotations])) for name in MATCHES
    }
    yield Units(
        of=network.attributes,
        universality=units["best"],
        universality_rotated=rotation["best"],
        universality_mutual=units["mutual"],
        universality_assigned=units["assigned"],
    )
    for there, found in matches.items():
        yield Partners(
            of=network.attributes,
            other=[networks[there].attributes["network"]] * n_units,
            unit=np.arange(n_units),
            partner=np.ma.masked_less(found.partner, 0),
            rho=found.best,
            mutual=found.mutual,
            assigned_partner=np.ma.masked_less(found.assigned_partner, 0),
            assigned_rho=found.assigned,
        )
    yield Layer(
        of=network.attributes,
        n_networks=len(networks),
        n_compared_images=n_images,
        n_incomparable_units=int(np.isnan(units["best"]).sum()),
        universality_mean=finite_mean(units["best"]),
        universality_permuted=finite_mean(np.concatenate([each.best for each in orders])),
        universality_rotated=finite_mean(rotation["best"]),
        universality_mutual_mean=finite_mean(units["mutual"]),
        universality_mutual_rotated=finite_mean(rotation["mutual"]),
        universality_assigned_mean=finite_mean(units["assigned"]),
        universality_assigned_rotated=finite_mean(rotation["assigned"]),
    )


measure = Measure(
    name="universality",
    title="Universality",
    reads={"layer": Recordings(checkpoints="units_and_untrained", all_seeds=True)},
    tables={"units": Units, "partners": Partners, "layers": Layer},
    compute=compute,
    each="layer",
    jobs="run",
    where=lambda run: run.stands_for_seeds,
    parameters=Parameters,
    memory=3000,
)
