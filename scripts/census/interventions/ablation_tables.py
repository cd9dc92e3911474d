"""Tables of single and cumulative ablation, and their merging if units were split among jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from census.measures.ablation import (
    NONE,
    SPLITS,
    Answers,
    Curves,
    Layer,
    Units,
    area_under,
    chance_accuracy,
    most_affected_class,
)
from census.statistics.bootstrap import mean_of_rows
from census.statistics.groups import rows_with
from census.statistics.reliability import PREFIX, halves, split_half
from census.statistics.streams import stream
from census.tables.arrow import arrow

# intermediate columns of the table of units: whether each image's prediction is unchanged without the unit,
# and the unit's effects on both halves of the images of each split
SAME, HALVES = "same", "halves"
EFFECTS = ("ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy")


class Removal(NamedTuple):
    """An order of cumulative ablation of a layer's units.

    Attributes
    ----------
    order : ``random``, ``mean_activation``, ``selectivity`` or ``rs``.
    random_order : number of the random order.
    criterion : column by whose descending values units are ablated; None for a random order.
    removed : array of bool, shape (n_steps + 1, n_units), the units ablated at each step, see
        :func:`census.measures.ablation.removed_units`.
    """

    order: str
    random_order: int | None
    criterion: str | None
    removed: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of units ablated at each step, array of float64, shape (n_steps + 1,)."""
        return self.removed.mean(1)


class Resampling(NamedTuple):
    """Settings of bootstrap intervals over images: number of resamples, and seed."""

    resamples: int
    seed: int


def unit_table(
    attributes: Mapping[str, Any],
    mode: str,
    units: NDArray[np.int64],
    changed: Answers,
    intact: Answers,
    labeled: bool,
    classes: NDArray[np.integer],
    class_names: Sequence[str],
    resampling: Resampling,
    constants: NDArray[np.float64] | None = None,
) -> pa.Table:
    """Return a row for each ablated unit, with the columns ``same`` and ``halves``.

    Parameters
    ----------
    attributes : attributes of the layer's store.
    mode : mode of ablation.
    units : array of int64, shape (n_units,), numbers of the ablated units.
    changed : arrays of float64, shape (n_units, n_images) each, with each unit ablated.
    intact : arrays of float64, shape (n_images,) each.
    labeled : whether the labels of images are classes of the network.
    classes : array of integer, shape (n_images,), see :class:`census.interventions.ablation.Outcomes`.
    class_names : names of classes, by number.
    constants : array of float64, shape (2, n_units), the constants in place of units, fitted on either half
        of the images; None in other modes than ``optimal``.
    """
    first = halves(classes, SPLITS, stream(resampling.seed, "halves of ablation"))
    parts = np.stack([first, ~first], axis=1).reshape(2 * SPLITS, -1).astype(np.float64)

    effects: dict[str, Any] = {}
    on_halves = []
    for name, values, before in zip(EFFECTS, changed.effects, intact.effects, strict=True):
        measured = labeled or name not in ("ablation_loss", "ablation_accuracy")
        # the difference on each image: its interval is far narrower than the spread of either over images
        difference = values - before
        effects[name] = mean_of_rows(difference, *resampling) if measured else None
        of_halves = (difference @ parts.T) / parts.sum(1)
        on_halves.append(of_halves if measured else np.full_like(of_halves, np.nan))
    worst = most_affected_class(changed.accuracy, intact.accuracy, classes)
    names = [None if label == NONE else class_names[label] for label in worst.label]
    table = Units(
        of=attributes,
        mode=mode,
        unit=units,
        **effects,
        ablation_most_affected=worst.drop,
        most_affected_class=names,
        ablation_constant=None if constants is None else constants.mean(0),
        ablation_constant_low=None if constants is None else constants.min(0),
        ablation_constant_high=None if constants is None else constants.max(0),
    )
    flat = pa.array(np.stack(on_halves, axis=1).ravel())
    columns = arrow(table).append_column(SAME, pa.array((changed.divergence == 0).all(1)))
    return columns.append_column(HALVES, pa.FixedSizeListArray.from_arrays(flat, len(EFFECTS) * 2 * SPLITS))


def curve_table(
    attributes: Mapping[str, Any],
    mode: str,
    removal: Removal,
    changed: Answers,
    resampling: Resampling,
) -> pa.Table:
    """Return a row for each step of cumulative ablation.

    Parameters
    ----------
    attributes, mode : see :func:`unit_table`.
    removal : the order of ablation.
    changed : arrays of float64, shape (n_steps + 1, n_images) each, at each step.
    """
    return arrow(
        Curves(
            of=attributes,
            mode=mode,
            order=removal.order,
            random_order=removal.random_order,
            criterion=removal.criterion,
            share=removal.shares,
            n_ablated=removal.removed.sum(1),
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
    """Return the row of a layer, without counts of units, see :func:`with_counts`.

    Parameters
    ----------
    attributes, mode, intact, classes : see :func:`unit_table`.
    reference : reference of predictions, ``labels`` or ``intact``.
    n_units : number of the layer's units.
    curves : each order of ablation, with the argument ``changed`` of :func:`curve_table`.
    """
    areas: dict[str, list[NDArray[np.float64]]] = {}
    for removal, changed in curves:
        areas.setdefault(removal.order, []).append(area_under(changed.accuracy.T, removal.shares))
    # mean over random orders, on each image
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
            **{f"{PREFIX}{name}": None for name in EFFECTS},
            chance=chance_accuracy(classes),
            accuracy=intact.accuracy.mean(),
            loss=intact.loss.mean(),
            resamples=resampling.resamples,
            ablation_auc_random=found.get("random"),
            ablation_auc_mean_activation=found.get("mean_activation"),
            ablation_auc_selectivity=found.get("selectivity"),
            ablation_auc_rs=found.get("rs"),
            ablation_auc_random_min=min(totals),
            ablation_auc_random_max=max(totals),
        )
    )


def with_counts(units: pa.Table, layers: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return the finished tables of layers.

    Parameters
    ----------
    units : all ablated units, those of one layer, checkpoint and mode in order, with the columns ``same`` and
        ``halves``.
    layers : a row for each layer, checkpoint and mode, without columns that depend on all of its units.

    Returns
    -------
    units : without ``same`` and ``halves``, in the order of ``layers``.
    layers : with ``n_ablated``, ``n_without_effect``, ``n_undefined``, and the reliability of each effect.
    """
    sorted_units, counts, reliability = [], [], []
    for row in layers.select(["layer", "checkpoint", "mode"]).to_pylist():
        found = rows_with(units, **row)
        undefined = int(np.isnan(found["ablation_kl"].to_numpy()).sum())
        counts.append((found.num_rows, pc.sum(found[SAME], min_count=0).as_py(), undefined))
        reliability.append(
            [None if found[name].null_count else _reliability(found, name) for name in EFFECTS]
        )
        sorted_units.append(found.drop_columns([SAME, HALVES]))
    filled = {
        **dict.fromkeys(("n_ablated", "n_without_effect", "n_undefined"), pa.int64()),
        **{f"{PREFIX}{name}": pa.float64() for name in EFFECTS},
    }
    values = zip(*(one + tuple(other) for one, other in zip(counts, reliability, strict=True)), strict=True)
    for (name, kind), column in zip(filled.items(), values, strict=True):
        layers = layers.set_column(layers.schema.get_field_index(name), name, pa.array(column, kind))
    return pa.concat_tables(sorted_units), layers


def _reliability(units: pa.Table, effect: str) -> float:
    """Return the split-half reliability of an effect over the units of one layer, checkpoint and mode."""
    flat = units[HALVES].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    on_halves = flat.reshape(len(units), len(EFFECTS), SPLITS, 2)[:, EFFECTS.index(effect)]
    return split_half([(split[:, 0], split[:, 1]) for split in on_halves.swapaxes(0, 1)])
