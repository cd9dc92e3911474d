"""Tables of units that were taken out, from one job or several, and what a layer's row counts of them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# of the table of units, as jobs make it: whether each image's answer is the same without the unit
SAME = "same"


def with_counts(units: pa.Table, layers: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return the finished tables of a layer.

    Parameters
    ----------
    units : all units that were taken out, those of one checkpoint and mode in order, with a column ``same``.
    layers : a row for each checkpoint and mode, which does not count them yet.

    Returns
    -------
    units : without ``same``, in the order of ``layers``.
    layers : with ``n_ablated``, ``n_without_effect`` and ``n_undefined``.
    """
    sorted_units, counts = [], []
    for row in layers.select(["checkpoint", "mode"]).to_pylist():
        of_row = pc.and_(*(pc.equal(units[name], value) for name, value in row.items()))
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
