"""Units of larger layers, looked at by several jobs."""

import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr

pytestmark = pytest.mark.slow

# 40 units: a block and a part of one
WIDE = """


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 40, 5, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.classifier = nn.Linear(40 * 7 * 7, 3)

    def forward(self, images):
        return self.classifier(self.relu(self.conv(watched(images))).flatten(1))
"""
PLACE = "wide/tiny/relu"
ASCENT = f"results/measures/ascent/{PLACE}.zarr"
TABLES = [
    *(f"results/measures/ablation/{PLACE}.{table}.parquet" for table in ("units", "curves", "layer")),
    f"results/measures/facets/{PLACE}.parquet",
]
TARGETS = [ASCENT, f"results/measures/facets/{PLACE}.zarr", *TABLES]
JOINED = {f"{step}/{PLACE}" for step in ("ascent", "ablation", "facets")}


@pytest.fixture(scope="module")
def begun(begin, tmp_path_factory):
    """A study whose only recorded layer with many units has a store, and what follows from it alone."""
    study = begin(tmp_path_factory.mktemp("parts") / "study")
    with (study.folder / "my_networks.py").open("a") as file:
        file.write(WIDE)
    study.config["networks"] = {
        "wide": {
            "architecture": "my_networks:Wide",
            "classes": 3,
            "input": study.config["networks"]["random"]["input"],
        }
    }
    study.config["runs"] = [
        {
            "network": "wide",
            "dataset": "tiny",
            "layers": ["relu", "output"],
            "maps": 6,
            "units": "all",
        }
    ]
    study.config["measures"] = {
        "ascent": {"steps": 6, "seeds": 2, "batch": 24},
        "ablation": {"modes": ["zero", "resampled"], "steps": 3, "random_orders": 2, "resamples": 100},
        "facets": {"all": True, "components": 2},
    }
    study.succeed(
        *(f"results/measures/{measure}/{PLACE}.units.parquet" for measure in ("selectivity", "concepts"))
    )
    return study


@pytest.fixture(scope="module")
def undivided(begun, tmp_path_factory):
    """The same study with blocks so large that one job looks at all units."""
    study = begun.copy(tmp_path_factory.mktemp("undivided") / "study")
    study.checkout = shutil.copytree(begun.checkout, study.folder / "checkout", symlinks=True)
    parts = study.checkout / "scripts/census/parts.py"
    parts.write_text(parts.read_text().replace("BLOCK = 32", "BLOCK = 40"))
    ended = study.succeed(*TARGETS)
    assert ended.jobs == JOINED | {f"substitution/{PLACE}"}
    return study


@pytest.fixture(scope="module")
def halted(begun, tmp_path_factory):
    """The study in a job for each block, of which one was killed."""
    study = begun.copy(tmp_path_factory.mktemp("divided") / "study")
    study.config["jobs"] = {"units": 32}
    done, killed = (f"results/parts/ascent/{PLACE}/{block}.zarr" for block in (0, 32))
    assert study.succeed(done).jobs == {f"ascent/{PLACE}/0_to_31"}
    count = study.folder / "batches"
    process = study.start(killed, BATCHES=count, HALT_AT=4)
    study.kill(process, when=lambda: count.exists() and count.stat().st_size == 4)
    return study


@pytest.fixture(scope="module")
def divided(halted):
    """The study put together from blocks, after one of the jobs was killed; and what ran after that."""
    return halted, halted.succeed(*TARGETS)


def opened(study, path: str) -> dict[str, xr.Dataset]:
    """Return the groups of a store, or the store itself where it has none."""
    folders = [each.parent for each in (study.folder / path).glob("*/zarr.json")]
    groups = [folder for folder in folders if (folder / "unit").is_dir()] or [study.folder / path]
    return {group.name: xr.open_zarr(group).load() for group in groups}


def test_a_killed_job_costs_its_own_units_only(divided):
    study, ended = divided
    assert ended.jobs == JOINED | {
        f"substitution/{PLACE}",
        f"ascent/{PLACE}/32_to_63",
        *(f"{step}/{PLACE}/{units}" for step in ("ablation", "facets") for units in ("0_to_31", "32_to_63")),
        f"ablation/{PLACE}/curves",
    }
    assert not [path for path in (study.folder / "results/parts").rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", TABLES)
def test_tables_do_not_depend_on_jobs(undivided, divided, path):
    expected, found = (pq.read_table(study.folder / path) for study in (undivided, divided[0]))
    assert len(expected) > 0
    assert found.schema == expected.schema
    pd.testing.assert_frame_equal(found.to_pandas(), expected.to_pandas(), check_exact=True)


def test_facets_do_not_depend_on_jobs(undivided, divided):
    path = TARGETS[1]
    ((_, expected),) = opened(undivided, path).items()
    ((_, found),) = opened(divided[0], path).items()
    assert found.sizes["unit"] == 40
    xr.testing.assert_identical(found, expected)


def test_pictures_do_not_depend_on_jobs(undivided, divided):
    expected, found = (opened(study, ASCENT) for study in (undivided, divided[0]))
    assert found.keys() == expected.keys() == {"final"}
    for checkpoint, pictures in found.items():
        other = expected[checkpoint]
        assert pictures.attrs == other.attrs
        np.testing.assert_array_equal(pictures["unit"], np.arange(40))
        # but for the rounding of sums whose order the size of a batch decides
        np.testing.assert_allclose(pictures["path"], other["path"], atol=1e-4)
        np.testing.assert_allclose(pictures["response"], other["response"], atol=1e-4)
        assert np.abs(pictures["picture"].astype(int) - other["picture"]).max() <= 1


def test_how_many_jobs_there_were_makes_nothing_out_of_date(divided, tmp_path):
    study = divided[0].copy(tmp_path / "study")
    study.config["jobs"] = {"units": None}
    assert study.run(*TARGETS).nothing_to_do
    # whichever job makes a block, its pictures are the same
    before = opened(study, ASCENT)
    shutil.rmtree(study.folder / ASCENT)
    assert study.succeed(ASCENT).jobs == {f"ascent/{PLACE}/0_to_63", f"ascent/{PLACE}"}
    xr.testing.assert_identical(opened(study, ASCENT)["final"], before["final"])
