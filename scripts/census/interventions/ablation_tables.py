"""Tables of units that were taken out of a layer, one by one and many together, from one job or several."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from census.measures.ablation import (
    NONE,
    Answers,
    Curves,
    Layer,
    Units,
    area_under,
    chance_accuracy,
    mean_difference,
    worst_class,
)
from census.statistics.bootstrap import Estimate, mean_of_rows
from census.tables.arrow import arrow

# of the table of units, as jobs make it: whether each image's answer is the same without the unit
SAME = "same"
ORDERS = ("random", "mean_activation", "selectivity", "rs")


class Removal(NamedTuple):
    """An order in which more and more units of a layer are removed.

    Attributes
    ----------
    order : one of :data:`ORDERS`.
    random_order : which of several random ones.
    criterion : the column by whose descending values units are removed; None for a random order.
    removed : bool (steps + 1, units), which units are gone at each step, see
        :func:`census.measures.ablation.removed_units`.
    """

    order: str
    random_order: int | None
    criterion: str | None
    removed: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of units that are gone at each step, (steps + 1,)."""
        return self.removed.mean(1)


class Resampling(NamedTuple):
    """How intervals over images are found: number of resamples, and their seed."""

    resamples: int
    seed: int


def unit_table(
    attributes: Mapping[str, Any],
    mode: str,
    units: NDArray[np.int64],
    changed: Answers,
    intact: Answers,
    labelled: bool,
    classes: NDArray[np.integer],
    class_names: Sequence[str],
    resampling: Resampling,
) -> pa.Table:
    """Return a row for each unit that was taken out by itself, with a column ``same``.

    Parameters
    ----------
    attributes : of the layer's store.
    mode : what stood in for units.
    units : int64 (units,), their numbers.
    changed : float64 (units, images) each, without each of them.
    intact : float64 (images,) each.
    labelled : whether the labels of images are classes of the network.
    classes : integer (images,), see :class:`census.interventions.ablation.Outcomes`.
    class_names : by number.
    """

    def change(name: str) -> Estimate:
        return mean_difference(getattr(changed, name), getattr(intact, name), *resampling)

    worst = worst_class(changed.accuracy, intact.accuracy, classes)
    names = [None if label == NONE else class_names[label] for label in worst.label]
    table = Units(
        of=attributes,
        mode=mode,
        unit=units,
        ablation_kl=change("divergence"),
        ablation_changed=change("changed"),
        ablation_loss=change("loss") if labelled else None,
        ablation_accuracy=change("accuracy") if labelled else None,
        ablation_worst_class=worst.drop,
        worst_class=names,
    )
    return arrow(table).append_column(SAME, pa.array((changed.divergence == 0).all(1)))


def curve_table(
    attributes: Mapping[str, Any],
    mode: str,
    removal: Removal,
    changed: Answers,
    resampling: Resampling,
) -> pa.Table:
    """Return a row for each step in which more units are gone.

    Parameters
    ----------
    attributes, mode : see :func:`unit_table`.
    removal : in which order.
    changed : float64 (steps + 1, images) each, at each step.
    """
    return arrow(
        Curves(
            of=attributes,
            mode=mode,
            order=removal.order,
            random_order=removal.random_order,
            criterion=removal.criterion,
            share=removal.shares,
            n_removed=removal.removed.sum(1),
            accuracy=mean_of_rows(changed.accuracy, *resampling),
            loss=mean_of_rows(changed.loss, *resampling),
        )
    )


def layer_table(
    attributes: Mapping[str, Any],
    mode: str,
    reference: str,
    n_units: int,
    intact: Answers,
    classes: NDArray[np.integer],
    curves: Sequence[tuple[Removal, Answers]],
    resampling: Resampling,
) -> pa.Table:
    """Return the one row of a layer; it counts no units yet, see :func:`with_counts`.

    Parameters
    ----------
    attributes, mode, intact, classes : see :func:`unit_table`.
    reference : what answers are held against, ``labels`` or ``intact``.
    n_units : number of the layer's units.
    curves : each order of removal, with what :func:`curve_table` takes for it.
    """
    areas: dict[str, list[NDArray[np.float64]]] = {}
    for removal, changed in curves:
        areas.setdefault(removal.order, []).append(area_under(changed.accuracy.T, removal.shares))
    # of several random orders, the mean on each image
    found = {
        order: mean_of_rows(np.mean(of_order, axis=0)[None], *resampling).at(0)
        for order, of_order in areas.items()
    }
    totals = np.mean(areas["random"], axis=1) if "random" in areas else [None]
    return arrow(
        Layer(
            of=attributes,
            mode=mode,
            reference=reference,
            n_units=n_units,
            n_ablated=None,
            n_images=len(classes),
            n_without_effect=None,
            n_undefined=None,
            chance=chance_accuracy(classes),
            accuracy=intact.accuracy.mean(),
            loss=intact.loss.mean(),
            resamples=resampling.resamples,
            auc_random=found.get("random"),
            auc_mean_activation=found.get("mean_activation"),
            auc_selectivity=found.get("selectivity"),
            auc_rs=found.get("rs"),
            auc_random_least=min(totals),
            auc_random_most=max(totals),
        )
    )


def with_counts(units: pa.Table, layers: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return the finished tables of layers.

    Parameters
    ----------
    units : all ablated units, those of one layer, checkpoint and mode in order, with a column ``same``.
    layers : a row for each layer, checkpoint and mode, which does not count them yet.

    Returns
    -------
    units : without ``same``, in the order of ``layers``.
    layers : with ``n_ablated``, ``n_without_effect`` and ``n_undefined``.
    """
    sorted_units, counts = [], []
    for row in layers.select(["layer", "checkpoint", "mode"]).to_pylist():
        of_row = reduce(pc.and_, (pc.equal(units[name], value) for name, value in row.items()))
        found = units.filter(of_row)
        undefined = int(np.isnan(found["ablation_kl"].to_numpy()).sum())
        counts.append((found.num_rows, pc.sum(found[SAME], min_count=0).as_py(), undefined))
        sorted_units.append(found.drop_columns([SAME]))
    names = ("n_ablated", "n_without_effect", "n_undefined")
    for name, numbers in zip(names, zip(*counts, strict=True), strict=True):
        place = layers.schema.get_field_index(name)
        layers = layers.set_column(place, name, pa.array(numbers, pa.int64()))
    return pa.concat_tables(sorted_units), layers
