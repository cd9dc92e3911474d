"""A study computed in small blocks, with the units of one layer split into parts, and in large ones."""

import pandas as pd
import pytest
import xarray as xr

import census

pytestmark = pytest.mark.slow

# 40 units: two parts
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
RUN = ("wide", "tiny")
CENSUS = [f"results/census/{table}.parquet" for table in ("units", "layers")]
FACETS = "results/measures/facets/wide/tiny/{}.parquet"
SMALL, LARGE = ("0002-0002", "0004-0004"), "0000-0004"


@pytest.fixture(scope="module")
def halted(begin, tmp_path_factory):
    """A study whose largest layer is split into parts, of which one is done and one was killed."""
    study = begin(tmp_path_factory.mktemp("blocks") / "study")
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
            "n_map_images": 6,
            "units_per_layer": "all",
        }
    ]
    study.config["measures"] = {
        "activation_maximization": {"steps": 6, "seeds": 2, "batch": 24},
        "ablation": {
            "modes": ["zero", "resampled", "optimal"],
            "steps": 3,
            "random_orders": 2,
            "resamples": 100,
        },
        "facets": {"all": True, "components": 2},
    }
    study.config["jobs"] = {"minutes": 1e-5}
    done, killed = (
        f"results/parts/activation_maximization/wide/tiny/0002/{part}.zarr.zip" for part in range(2)
    )
    assert study.succeed(done).jobs == {"weights/wide", "activation_maximization/wide/tiny/0002/0"}
    count = study.folder / "batches"
    process = study.start(killed, BATCHES=count, HALT_AT=4)
    study.kill(process, when=lambda: count.exists() and count.stat().st_size == 4)
    return study


@pytest.fixture(scope="module")
def divided(halted):
    """The study in small blocks, after one of the parts was killed; and what ran after that."""
    return halted, halted.succeed(*CENSUS, *map(FACETS.format, SMALL))


@pytest.fixture(scope="module")
def whole(divided, tmp_path_factory):
    """The same study in one large block, beside empty files of small ones; and what ran after the change."""
    study = divided[0].copy(tmp_path_factory.mktemp("whole") / "study")
    for block in ("0002", *SMALL):
        for path in (study.folder / "results/measures").glob(f"*/wide/tiny/{block}.*"):
            if path.is_file():
                path.write_bytes(b"")
    study.config["jobs"] = {"minutes": 1000}
    return study, study.succeed(*CENSUS, FACETS.format(LARGE))


@pytest.fixture(scope="module")
def both(divided, whole):
    """What the study has found, in small blocks and in a large one."""
    return [census.open_study(study.folder / "results") for study, _ in (divided, whole)]


def test_a_killed_part_costs_its_own_units_only(divided):
    study, ended = divided
    place = "wide/tiny/0002"
    of_parts = {job for job in ended.jobs if f"{place}/" in f"{job}/"}
    assert of_parts == {
        f"activation_maximization/{place}/1",
        *(f"ablation/{place}/{part}" for part in ("0", "1", "curves")),
        *(f"{rule}/{place}" for rule in ("activation_maximization_merge", "ablation_merge")),
        *(f"{rule}/{place}" for rule in ("substitution", "path_check")),
    }
    assert not [path for path in (study.folder / "results/parts").rglob("*") if path.is_file()]


def test_another_limit_computes_new_blocks_of_the_same_stores(whole, both):
    _, ended = whole
    assert not ended.passes()
    assert {job.rpartition("/")[2] for job in ended.jobs if job.count("/") > 2} == {LARGE}
    tables = [pd.read_csv(found.path / "census/blocks.tsv", sep="\t", dtype=str) for found in both]
    # directions are fitted to some layers only, of which a block has others around it
    assert [set(table["block"]) for table in tables] == [{"0002", "0000-0002", *SMALL}, {LARGE}]


@pytest.mark.parametrize("table", ["units", "layers"])
def test_the_census_does_not_depend_on_blocks(both, table):
    found, expected = (getattr(each, table) for each in both)
    assert len(expected) > 0
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        *(("ablation", f"relu.{table}") for table in ("units", "curves", "layer")),
        *(("facets", layer) for layer in ("relu", "output")),
    ],
)
def test_tables_do_not_depend_on_blocks(both, measure, name):
    found, expected = (each.table(measure, *RUN, name) for each in both)
    assert len(expected) > 0
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize(
    "measure", ["activation_maximization", "facets", "gram", "concepts", "directions", "clusters"]
)
def test_stores_do_not_depend_on_blocks(both, measure):
    found, expected = (each.matrices(measure, *RUN, "relu") for each in both)
    xr.testing.assert_identical(found.load(), expected.load())
