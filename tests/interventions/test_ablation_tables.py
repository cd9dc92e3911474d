"""Tables of ablation from one job or several."""

import numpy as np
import pyarrow as pa
import pytest

from census.interventions.ablation_tables import (
    EFFECTS,
    HALVES,
    SPLITS,
    Resampling,
    unit_table,
    with_counts,
)
from census.measures.ablation import Answers
from census.statistics.bootstrap import mean_estimate
from census.tables.keys import KEYS

NAN = float("nan")


def units(rows):
    names = ("checkpoint", "mode", "unit", "ablation_kl", "same")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    n_halves = len(EFFECTS) * 2 * SPLITS
    # an effect that is the unit's number on one half, and a little more on the other
    halves = np.repeat(columns["unit"], n_halves).astype(float) + 0.01 * (np.arange(n_halves * len(rows)) % 2)
    return pa.table(
        {
            "layer": ["relu"] * len(rows),
            **columns,
            "ablation_changed": columns["ablation_kl"],
            **{name: pa.nulls(len(rows), pa.float64()) for name in EFFECTS[2:]},
            HALVES: pa.FixedSizeListArray.from_arrays(pa.array(halves), n_halves),
        }
    )


LAYERS = pa.table(
    {
        "layer": ["relu"] * 4,
        "checkpoint": ["0", "0", "final", "final"],
        "mode": ["zero", "mean"] * 2,
        "n_units": [9] * 4,
        "n_ablated": pa.nulls(4, pa.int64()),
        "n_images": [5] * 4,
        "n_without_effect": pa.nulls(4, pa.int64()),
        "n_undefined": pa.nulls(4, pa.int64()),
        **{f"reliability_{name}": pa.nulls(4, pa.float64()) for name in EFFECTS},
        "loss": [0.5] * 4,
    }
)
FIRST = [
    ("0", "zero", 1, 0.0, True),
    ("0", "zero", 4, 0.2, False),
    ("0", "mean", 1, 0.1, False),
    ("0", "mean", 4, NAN, False),
    ("final", "zero", 1, 0.0, True),
    ("final", "zero", 4, 0.0, True),
    ("final", "mean", 1, NAN, False),
    ("final", "mean", 4, NAN, False),
]
SECOND = [
    ("0", "zero", 7, 0.3, False),
    ("0", "mean", 7, 0.2, False),
    ("final", "zero", 7, 0.1, False),
    ("final", "mean", 7, NAN, False),
]


def test_effects_are_differences_on_the_same_images():
    random = np.random.default_rng(0)
    intact = random.exponential(5, 80)
    changed = np.stack([intact, intact + 0.25, intact + random.normal(0, 1, 80), intact])
    changed[3, 7] = np.nan
    answers = (Answers(*[values] * len(EFFECTS)) for values in (changed, intact))
    classes, names = np.repeat(range(4), 20), [*"abcd"]
    of = {**dict.fromkeys(KEYS, ""), "depth": 1, "step": None}
    table = unit_table(of, "zero", np.arange(4), *answers, True, classes, names, Resampling(2000, 0))
    value, low, high = (table[f"ablation_loss{ending}"].to_numpy() for ending in ("", "_low", "_high"))
    assert value[0] == low[0] == high[0] == 0
    np.testing.assert_allclose([value[1], low[1], high[1]], 0.25)
    np.testing.assert_allclose((low[2], high[2]), mean_estimate(changed[2] - intact, 2000, 1)[1:], atol=0.03)
    assert low[2] < value[2] < high[2]
    assert np.isnan([value[3], low[3], high[3]]).all()


def test_units_of_several_jobs_are_in_the_order_of_one_job_and_counted_together():
    found, layers = with_counts(pa.concat_tables([units(FIRST), units(SECOND)]), LAYERS)
    assert found.column_names == ["layer", "checkpoint", "mode", "unit", *EFFECTS]
    assert found["unit"].to_pylist() == [1, 4, 7] * 4
    assert found["checkpoint"].to_pylist() == ["0"] * 6 + ["final"] * 6
    assert found["mode"].to_pylist() == [*["zero"] * 3, *["mean"] * 3] * 2
    assert layers.column_names == [
        *("layer", "checkpoint", "mode", "n_units", "n_ablated", "n_images"),
        *("n_without_effect", "n_undefined", *(f"reliability_{name}" for name in EFFECTS), "loss"),
    ]
    assert layers["n_ablated"].to_pylist() == [3] * 4
    assert layers["n_without_effect"].to_pylist() == [1, 0, 2, 0]
    assert layers["n_undefined"].to_pylist() == [0, 1, 0, 3]
    # both halves order the units alike; what was not measured has no reliability
    assert layers["reliability_ablation_kl"].to_pylist() == pytest.approx([1] * 4)
    assert layers["reliability_ablation_loss"].to_pylist() == [None] * 4


@pytest.mark.parametrize("name", ["n_ablated", "n_without_effect", "n_undefined"])
def test_counts_are_whole_numbers_where_there_is_nothing_to_count(name):
    _, layers = with_counts(units(FIRST).slice(0, 0), LAYERS)
    assert layers[name].to_pylist() == [0] * 4
    assert layers.schema.field(name).type == pa.int64()


def test_units_of_several_layers_are_counted_layer_by_layer():
    other = ["other"] * len(LAYERS)
    layers = pa.concat_tables([LAYERS, LAYERS.set_column(0, "layer", pa.array(other))])
    second = units(SECOND)
    second = second.set_column(0, "layer", pa.array(["other"] * len(second)))
    found, counted = with_counts(pa.concat_tables([units(FIRST), second]), layers)
    assert found["layer"].to_pylist() == ["relu"] * 8 + ["other"] * 4
    assert counted["n_ablated"].to_pylist() == [2] * 4 + [1] * 4
