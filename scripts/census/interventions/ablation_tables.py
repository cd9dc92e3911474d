"""Tables of units that were taken out of a layer, one by one and many together, from one job or several."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from census.measures.ablation import NONE, area_under, chance_accuracy, mean_difference, worst_class
from census.measures.performance import Performance
from census.statistics.bootstrap import Estimate, estimate
from census.tables.keys import key_columns

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
    units: NDArray[np.integer],
    changed: Performance,
    intact: Performance,
    classes: NDArray[np.integer],
    class_names: Sequence[str],
    resampling: Resampling,
) -> pa.Table:
    """Return a row for each unit that was taken out by itself, with a column ``same``.

    Parameters
    ----------
    attributes : of the layer's store.
    mode : what stood in for units.
    units : integer (units,), their numbers.
    changed : float64 (units, images) each, without each of them.
    intact : float64 (images,) each.
    classes : integer (images,), see :class:`census.interventions.ablation.Outcomes`.
    class_names : by number.
    """
    cost = mean_difference(changed.loss, intact.loss, *resampling)
    gain = mean_difference(changed.accuracy, intact.accuracy, *resampling)
    worst = worst_class(changed.accuracy, intact.accuracy, classes)
    names = [None if label == NONE else class_names[label] for label in worst.label]
    columns = {
        "mode": [mode] * len(units),
        "unit": units,
        **_columns("ablation_loss", cost),
        **_columns("ablation_accuracy", gain),
        "ablation_worst_class": worst.drop,
        "worst_class": pa.array(names, pa.string()),
        SAME: (changed.loss == intact.loss).all(1),
    }
    return pa.table(key_columns(attributes, len(units)) | columns)


def curve_table(
    attributes: Mapping[str, Any],
    mode: str,
    removal: Removal,
    changed: Performance,
    resampling: Resampling,
) -> pa.Table:
    """Return a row for each step in which more units are gone.

    Parameters
    ----------
    attributes, mode : see :func:`unit_table`.
    removal : in which order.
    changed : float64 (steps + 1, images) each, at each step.
    """
    n_steps = len(removal.removed)
    columns = {
        "mode": [mode] * n_steps,
        "order": [removal.order] * n_steps,
        "random_order": pa.array([removal.random_order] * n_steps, pa.int64()),
        "criterion": pa.array([removal.criterion] * n_steps, pa.string()),
        "share": removal.shares,
        "n_removed": removal.removed.sum(1),
        **_columns("accuracy", _mean(changed.accuracy, resampling)),
        **_columns("loss", _mean(changed.loss, resampling)),
    }
    return pa.table(key_columns(attributes, n_steps) | columns)


def layer_table(
    attributes: Mapping[str, Any],
    mode: str,
    reference: str,
    n_units: int,
    intact: Performance,
    classes: NDArray[np.integer],
    curves: Sequence[tuple[Removal, Performance]],
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
    columns: dict[str, Any] = {
        "mode": mode,
        "reference": reference,
        "n_units": n_units,
        "n_images": len(classes),
        "chance": chance_accuracy(classes),
        "accuracy": intact.accuracy.mean(),
        "loss": intact.loss.mean(),
        "resamples": resampling.resamples,
    }
    for order in ORDERS:
        name = f"auc_{order}"
        columns |= dict.fromkeys((name, f"{name}_low", f"{name}_high"))
        if order in areas:
            # of several random orders, the mean on each image
            of_images = np.mean(areas[order], axis=0)
            columns |= _mean(of_images[None], resampling).columns(name, (0,))
    totals = np.mean(areas["random"], axis=1) if "random" in areas else [None]
    columns["auc_random_least"], columns["auc_random_most"] = min(totals), max(totals)
    types = {name: pa.float64() for name in columns if name.startswith("auc_")}
    arrays = {name: pa.array([value], types.get(name)) for name, value in columns.items()}
    return pa.table(key_columns(attributes, 1) | arrays)


def _mean(values: NDArray[np.floating], resampling: Resampling) -> Estimate:
    """Return the mean over images of each row (rows, images), with a bootstrap interval."""
    n_images = values.shape[1]
    return estimate(lambda counts: counts @ values.T / n_images, n_images, *resampling)


def _columns(name: str, estimated: Estimate) -> dict[str, NDArray[np.float64]]:
    """Return an estimate as columns of a table."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), estimated, strict=True))


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
        undefined = int(np.isnan(found["ablation_loss"].to_numpy()).sum())
        counts.append((found.num_rows, pc.sum(found[SAME], min_count=0).as_py(), undefined))
        sorted_units.append(found.drop_columns([SAME]))
    columns = list(zip(*counts, strict=True))
    for name, after, numbers in zip(
        ("n_ablated", "n_undefined", "n_without_effect"),
        ("n_units", "n_images", "n_images"),
        (columns[0], columns[2], columns[1]),
        strict=True,
    ):
        place = layers.schema.get_field_index(after) + 1
        layers = layers.add_column(place, name, pa.array(numbers, pa.int64()))
    return pa.concat_tables(sorted_units), layers
