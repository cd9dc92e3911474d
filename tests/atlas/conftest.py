"""A small atlas of synthetic stores, written by the rules' own scripts, and a browser."""

import json
import runpy
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from census.atlas.papers import families, figures, papers, papers_of_measures
from census.data.store import DatasetWriter
from census.measures.facets import Facets
from census.measures.patches import Patches
from census.statistics.class_counts import class_counts
from census.statistics.top_images import top_images
from census.stores.activations import StoreWriter, create_store, finish_store
from census.stores.facets import FacetWriter
from census.stores.matrices import new_store

SCRIPTS = Path(__file__).parents[2] / "scripts"
HOSTILE = "<script>alert(1)</script>"
CLASSES = [HOSTILE, "Bag", 'a "b" & <i>c</i>\u2028']
N_IMAGES, SIZE, WIDE = 40, 16, 512
LABELS = np.arange(N_IMAGES) % 3
MAPPED = [20, 11, 0]  # images with activation maps
RECORDED = np.concatenate([MAPPED, np.setdiff1d(np.arange(N_IMAGES), MAPPED)])  # images in order of recording
MAXIMIZED = [0, 2]  # units of the first layer that have images of their own
PARAMS = {
    "run": {"network": "net", "seed": 0, "dataset": "set"},
    "title": "net",
    "seeds": [],
    "images": 6,
    "thumbnail": 16,
    "visualization": 24,
    "correlated_units": 4,
    "maps": 2,
    "map": 16,
    "image_units": 2,
    "seed": 0,
    "size": SIZE,
    "resize": SIZE,
    "interpolation": "bilinear",
}


FIGURES = {
    "net/set": [
        {
            "paper": "S2",
            "title": HOSTILE,
            "corresponds": "Figure 2",
            "file": "figures/multifacetedness/net/set/degree.png",
        }
    ]
}
CURVES = {
    "net/set": {
        "S0": ["figures/specifications/net/set/rupprecht2017.png"],
        "S2": [f"figures/specifications/net/set/sadeghi2018{sheet}.png" for sheet in ("", "-2")],
    }
}


class Files(SimpleNamespace):
    """Inputs or outputs by name, as Snakemake gives them to a script."""

    def __getitem__(self, name):
        return [*vars(self).values()][name] if isinstance(name, int) else getattr(self, name)

    def get(self, name):
        return getattr(self, name, None)


def images():
    """Images of one color each, red as much as their number says."""
    pixels = np.full((N_IMAGES, SIZE, SIZE, 3), 128, np.uint8)
    pixels[..., 0] = 5 * np.arange(N_IMAGES)[:, None, None]
    return pixels


def responses():
    """Largest value of each unit's map and its position, (image, unit), by layer."""
    early = np.zeros((N_IMAGES, 3), np.float32)
    early[:, 0] = 1 + np.arange(N_IMAGES)
    early[10:15, 2] = [3, 9, 5, 7, 1]  # and unit 1 is inactive
    wide = np.random.default_rng(0).normal(size=(N_IMAGES, WIDE)).astype(np.float32)
    wide[:, 1] = 2 * wide[:, 0] + 1
    return {"early": (early, np.full(early.shape, 6)), "wide": (wide, np.zeros(wide.shape, int))}


LAYERS = {
    # position 6, that is (1, 2), sees rows 3 to 8 and columns 7 to 12
    "early": {
        "shape": [3, 4, 4],
        "depth": 1,
        "kind": "nonlinearity",
        "receptive_field": {"size": [5, 5], "stride": [4, 4], "offset": [-1, -1]},
    },
    "wide": {"shape": [WIDE, 1, 1], "depth": 2, "kind": "output", "receptive_field": None},
}


def tables():
    """Table of units: of other checkpoints, too; null is what was not measured, NaN what is undefined."""
    n = 3 + WIDE
    layer = ["early"] * 3 + ["wide"] * WIDE
    rows = {
        "network": ["net"] * n,
        "checkpoint": ["final"] * n,
        "step": pa.array([7] * n, pa.int64()),
        "dataset": ["set"] * n,
        "layer": layer,
        "depth": [LAYERS[name]["depth"] for name in layer],
        "kind": [LAYERS[name]["kind"] for name in layer],
        "branch_of": [""] * n,
        "unit": [0, 1, 2, *range(WIDE)],
        "top_class_1": [HOSTILE, None, "Bag", *(CLASSES[unit % 3] for unit in range(WIDE))],
        "active_fraction": [1.0, 0.0, 0.125, *[1.0] * WIDE],
        "gini": pa.array([0.25, np.nan, 0.75, *np.arange(WIDE) / WIDE], from_pandas=False),
        "gini_chance": pa.array([0.2, np.nan, 0.2] + [0.2] * WIDE, from_pandas=False),
        "mf_degree": pa.array([0.5, np.nan, np.inf] + [1.0] * WIDE, from_pandas=False),
        "cluster": pa.array([1.0, np.nan, 0.0, *(np.arange(WIDE) % 200)], from_pandas=False),
        "rs_iam": pa.array([0.0, None, 0.5] + [None] * WIDE, pa.float64()),
        "ablation_loss": pa.array([-0.125, None, 0.001] + [None] * WIDE, pa.float64()),
        "ablation_loss_low": pa.array([-0.25, None, -0.01] + [None] * WIDE, pa.float64()),
        "ablation_loss_high": pa.array([0.0, None, 0.02] + [None] * WIDE, pa.float64()),
        "rs_iam_failed": pa.array([1, None, 0] + [None] * WIDE, pa.float64()),
        "gini_p": pa.array([0.01, np.nan, 0.5] + [0.2] * WIDE, from_pandas=False),
        "natural_maximum": pa.array([10.0, None, 4.0] + [None] * WIDE, pa.float64()),
        "never": pa.array([None] * n, pa.float64()),
        "seed": [0] * n,
    }
    final = pa.table(rows)
    tables = [final]
    for step, values in {5: [0.2, np.nan, 0.625], 0: [0.125, np.nan, 0.5]}.items():
        keys = {"checkpoint": pa.array([str(step)] * n), "step": pa.array([step] * n, pa.int64())}
        for name, column in (keys | {"gini": pa.array(values + [0.25] * WIDE)}).items():
            final = final.set_column(final.column_names.index(name), name, column)
        tables.append(final)
    return pa.concat_tables(tables)


def write_directions(folder, attributes):
    """Write two families of directions: the store and the measure's table in its order, and the census."""
    of_measure = {
        "layer": ["early"] * 4,
        "family": ["units", "units", "svd", "svd"],
        "direction": [0, 1, 0, 1],
        "energy": [0.75, 0.25, 0.5, 0.125],
        "preferred_class": ["Bag", HOSTILE, "Bag", None],
        "nearest_unit": [2, 0, 2, 1],
    }
    tops = {"top_image": [[11, 10], [39, 38], [20, 11], [-1, -1]], "top_position": [[6, 6]] * 3 + [[-1, -1]]}
    arrays = {name: (("direction", "rank"), np.array(values)) for name, values in tops.items()}
    with new_store(folder / "families.zarr.zip") as store:
        store.write(arrays, attributes)
    pq.write_table(pa.table(of_measure), folder / "families.directions.parquet")
    keys = {"network": "net", "seed": 0, "checkpoint": "final", "dataset": "set"}
    census = of_measure | {name: [value] * 4 for name, value in keys.items()} | {"added_later": [1.5] * 4}
    pq.write_table(pa.table(census).sort_by("family"), folder / "directions.parquet")


def table_of_layers():
    """Table of layers with the reliability of two measures, unknown in one layer."""
    return pa.table(
        {
            "network": ["net"] * 2,
            "seed": [0] * 2,
            "dataset": ["set"] * 2,
            "checkpoint": ["final"] * 2,
            "layer": ["early", "wide"],
            "reliability_gini": [0.873, 0.3],
            "reliability_rs_iam": pa.array([float("nan"), None]),
        }
    )


def write_claims(path):
    """Write claims of two papers and of none: one with two statistics, one on networks of three seeds."""
    columns = [
        *("id", "claim", "network", "seed", "dataset", "statistic", "predicted", "null"),
        *("effect", "low", "high", "control", "control_low", "control_high", "n", "resampled", "resamples"),
        *("test", "p", "q", "verdict", "reason", "layers", "figure", "n_networks", "n_agreeing"),
        *("specifications", "specifications_undefined", "specifications_agree"),
    ]
    of_test = {
        **{"seed": "0", "dataset": "set", "predicted": "above", "null": "0", "resampled": "units"},
        **{"effect": "0.5", "low": "-0.25", "high": "0.75", "n": "7", "p": "0.25", "verdict": "inconclusive"},
        **{"resamples": "1000", "test": "bootstrap interval", "layers": "early, wide"},
    }
    hostile = {"id": "S0.1a", "claim": f"units like {HOSTILE}", "statistic": "<b>ρ</b>"}
    nowhere = {"specifications": "4", "specifications_undefined": "4"}
    rho = nowhere | {"id": "S0.1b", "claim": f"units like {HOSTILE}", "statistic": "ρ"}
    learned = {"id": "S2.2", "claim": "MF degree falls", "statistic": "ρ of depth", "predicted": "below"}
    over = {"seed": "", "n_networks": "3", "n_agreeing": "2", "figure": "figures/claims.png"}
    figure = "figures/multifacetedness/net/set/degree.png"
    rows = [
        {**hostile, "network": "net", "reason": "<i>n</i>"},
        {**hostile, "network": "elsewhere", "verdict": "supported"},
        {**rho, "network": "net", "verdict": "contradicted"},
        {**rho, "network": "elsewhere", "effect": "", "low": "", "high": "", "n": "0", "p": "", "layers": ""},
        {
            **learned,
            "network": "net",
            "control": "-0.5",
            "verdict": "supported, not learned",
            "figure": figure,
            **{"specifications": "48", "specifications_undefined": "2", "specifications_agree": "0.875"},
        },
        {
            **learned,
            **over,
            "network": "elsewhere",
            "verdict": "supported",
            "effect": "-0.9",
            "resamples": "0",
        },
        *({**learned, "network": "elsewhere", "seed": seed, "effect": f"-0.{seed}"} for seed in "123"),
        {"id": "X.1", "claim": "measures agree", "statistic": "ρ of both", "network": "net"},
    ]
    lines = [columns, *([(of_test | row).get(column, "") for column in columns] for row in rows)]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))


def plant(folder):
    """Write all that the scripts read; return their inputs by name."""
    dataset = DatasetWriter(folder / "images.zarr", N_IMAGES)
    for pixels, label in zip(images(), LABELS, strict=True):
        dataset.append(pixels, int(label))
    dataset.finish(CLASSES, {"dataset": "set", "split": "all"})
    about = {"key": "k", "network": "net", "checkpoint": "final", "step": 7, "dataset": "set", "split": "all"}
    stores, tables_of_facets, opened = [], [], ExitStack()
    concepts, facets_of_layers = (
        opened.enter_context(new_store(folder / f"{name}.zarr.zip")) for name in ("concepts", "facets")
    )
    for name, (values, positions) in responses().items():
        units, height, width = LAYERS[name]["shape"]
        attributes = {**about, **LAYERS[name], "layer": name, "branch_of": "", "classes": CLASSES}
        recorded, labels = values[RECORDED], LABELS[RECORDED]
        create_store(folder / "unfinished", (units, height, width), RECORDED, labels, len(MAPPED), 8, "none")
        writer = StoreWriter(folder / "unfinished")
        statistics = recorded / 2, recorded, positions.astype("i4"), np.ones(values.shape, "i4")
        writer.write_statistics(0, statistics)
        maps = np.zeros((len(MAPPED), height * width, units), np.float32)
        maps[:, 0] = values[MAPPED] / 3
        maps[:, positions[0, 0]] = values[MAPPED]
        writer.write_maps(0, maps.reshape(len(MAPPED), height, width, units))
        finish_store(folder / "unfinished", attributes, folder / f"{name}.zarr.zip")
        top = top_images([(np.arange(N_IMAGES), values, positions)], units, 20)
        arrays = {
            "top_image": (("unit", "rank"), top.images),
            "top_value": (("unit", "rank"), top.values),
            "top_position": (("unit", "rank"), top.positions),
            "class_count": (("unit", "class"), class_counts(top.images, LABELS, 3).astype("i4")),
        }
        concepts.write(arrays, attributes)
        reverse = top_images([(np.arange(N_IMAGES), values[::-1], positions)], units, 20)
        arrays |= {
            "top_image": (("unit", "rank"), reverse.images),
            "top_value": (("unit", "rank"), reverse.values),
        }
        for step in (0, 5):
            concepts.write(arrays, attributes | {"checkpoint": str(step), "step": step})
        extremes = {0: "SF", 2: "MF"} if name == "early" else {}
        facets = FacetWriter(facets_of_layers, attributes, extremes, 2, 3, (5, 5, 3))
        inside = np.ones((4, 5, 5), bool)
        inside[:, 0] = False
        patches = Patches(np.full((4, 5, 5, 3), 9, np.uint8), inside)
        weights = np.linspace(-1, 0.5, 50).reshape(2, 5, 5).astype("f4")
        reasons = ["", "too few patches"][: len(extremes)]
        for unit, reason in zip(extremes, reasons, strict=True):
            missing = np.full_like(weights, np.nan)
            gray = missing if reason else weights
            facets.write(unit, Facets(gray, np.stack([gray] * 3, -1), {}, {}, reason), patches, np.arange(4))
        rows = {
            "layer": [name] * len(extremes),
            "unit": [*extremes],
            "extreme": [*extremes.values()],
            "reason": reasons,
        }
        types = {"layer": pa.string(), "unit": pa.int64(), "extreme": pa.string(), "reason": pa.string()}
        tables_of_facets.append(pa.table({column: pa.array(rows[column], types[column]) for column in rows}))
        stores.append(str(folder / f"{name}.zarr.zip"))
    opened.close()
    pq.write_table(pa.concat_tables(tables_of_facets), folder / "facets.parquet")
    shape = 2, 3, len(MAXIMIZED)
    maximization = {
        "unit": (("unit",), np.array(MAXIMIZED)),
        "image": (
            ("objective", "seed", "unit", "y", "x", "channel"),
            np.zeros((*shape, SIZE, SIZE, 3), "u1"),
        ),
        "response": (
            ("objective", "seed", "unit", "other_unit"),
            np.arange(np.prod(shape) * 3, dtype="f4").reshape(*shape, 3),
        ),
    }
    of_early = {"layer": "early", "checkpoint": "final", "objectives": ["iam", "am"]}
    with new_store(folder / "maximization.zarr.zip") as store:
        store.write(maximization, of_early)
    with new_store(folder / "visualization.zarr.zip") as store:
        shown = {
            "unit": (("unit",), np.array(MAXIMIZED)),
            "image": (("unit", "y", "x", "channel"), np.stack([images()[7], images()[9]])),
            "response": (("unit",), np.array([12.5, np.nan], "f4")),
        }
        store.write(shown, {"layer": "early", "checkpoint": "final"})
    pq.write_table(tables(), folder / "units.parquet")
    pq.write_table(table_of_layers(), folder / "layers.parquet")
    (folder / "dictionary.tsv").write_text(
        "table\tname\tunit\trange\tdefinition\tsource\n"
        "units\tgini\t\t[0, inf)\tinequality of `<b>classes</b>`\tS2\n"
        "layers\tgini\t\t\tThe mean.\tS2\n"
        "directions\tdirection\t\t\tnumber in the family\t\n"
        "directions\tenergy\t\t\tshare of the codes\tours\n"
    )
    write_claims(folder / "claims.tsv")
    write_directions(folder, about | LAYERS["early"] | {"layer": "early"})
    return {
        "stores": stores,
        "concepts": [str(folder / "concepts.zarr.zip")],
        "facets": [str(folder / "facets.zarr.zip")],
        "tables": [str(folder / "facets.parquet")],
        "units": str(folder / "units.parquet"),
        "layers": str(folder / "layers.parquet"),
        "maximization": [str(folder / "maximization.zarr.zip")],
        "visualization": [str(folder / "visualization.zarr.zip")],
        "directions": str(folder / "directions.parquet"),
        "families": [str(folder / "families.zarr.zip")],
        "families_directions": [str(folder / "families.directions.parquet")],
        "images": str(folder / "images.zarr"),
    }


def make_atlas(planted, folder, *, claims=True, **settings):
    """Run both scripts over what was planted."""
    log = [str(folder.parent / "log")]
    output = folder / "data" / "net" / "set"
    run = SimpleNamespace(
        input=Files(**planted),
        output=[str(output)],
        params=SimpleNamespace(**PARAMS | settings),
        wildcards=SimpleNamespace(network="net", dataset="set"),
        log=log,
    )
    runpy.run_path(str(SCRIPTS / "atlas_run.py"), {"snakemake": run})
    names = {"page": "index.html", "style": "style.css", "script": "atlas.js", "data": "data.js"}
    beside = Path(planted["units"]).parent
    shell = SimpleNamespace(
        input=Files(
            runs=[str(output)],
            dictionary=str(beside / "dictionary.tsv"),
            **({"claims": str(beside / "claims.tsv")} if claims else {}),
        ),
        output=Files(**{name: str(folder / file) for name, file in names.items()}),
        params=SimpleNamespace(
            papers=papers(),
            families=families(),
            figures=figures(),
            measures=papers_of_measures(),
            figures_of_runs=FIGURES,
            figures_of_specifications=CURVES,
        ),
        log=log,
    )
    runpy.run_path(str(SCRIPTS / "atlas.py"), {"snakemake": shell})
    return folder


@pytest.fixture(scope="session")
def plan():
    """What is planted, and how an atlas is made of it."""
    return SimpleNamespace(
        hostile=HOSTILE,
        classes=CLASSES,
        labels=LABELS,
        n_images=N_IMAGES,
        size=SIZE,
        wide=WIDE,
        responses=responses,
        make_atlas=make_atlas,
    )


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def atlas(planted, tmp_path_factory):
    """The folder of a small atlas, only to be read."""
    return make_atlas(planted, tmp_path_factory.mktemp("site") / "atlas")


class Reader:
    """Somebody who reads an atlas in a browser."""

    def __init__(self, driver, folder):
        self.driver, self.page, self.folders = driver, (folder / "index.html").as_uri(), [folder]

    def open(self, route="#/"):
        """Open an address afresh."""
        self.driver.get("about:blank")
        self.driver.get(self.page + route)
        self.wait()

    def wait(self, condition="true"):
        """Wait until the page is drawn and a condition in JavaScript holds."""
        script = (
            "const done = arguments[0]; const look = () => "
            f"document.body.dataset.drawn && ({condition}) ? done() : setTimeout(look, 10); look();"
        )
        self.driver.execute_async_script(script)

    def js(self, expression, *arguments):
        return self.driver.execute_script(f"return {expression}", *arguments)

    def texts(self, selector):
        return self.js("[...document.querySelectorAll(arguments[0])].map((each) => each.innerText)", selector)

    def route(self):
        return self.js("location.hash")

    def follow(self, action, condition="true"):
        """Do what leads to another view, and wait for that."""
        before = self.js("document.body.dataset.drawn")
        action()
        self.wait(f"document.body.dataset.drawn !== '{before}' && ({condition})")

    def press(self, key, held=None):
        """Press a key, while another is held down."""
        from selenium.webdriver.common.action_chains import ActionChains

        actions = ActionChains(self.driver)
        if held is not None:
            actions = actions.key_down(held)
        actions = actions.send_keys(key)
        if held is not None:
            actions = actions.key_up(held)
        actions.perform()

    def click(self, selector, condition="true"):
        self.follow(
            lambda: self.driver.find_element("css selector", selector).click(), condition
        )  # as a reader would: it has to be in sight and not covered

    def requests(self):
        """Addresses of all that was asked for since this was called last."""
        events = (json.loads(each["message"])["message"] for each in self.driver.get_log("performance"))
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self):
        """Messages in the console since this was called last."""
        return [each["message"] for each in self.driver.get_log("browser")]


@pytest.fixture
def reader(chromium, atlas):
    """A reader who meets no error and asks for nothing outside of the atlas's folder."""
    found = Reader(chromium, atlas)
    found.requests(), found.complaints()
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    yield found
    assert found.complaints() == []
    inside = ("data:,", *(f"{folder.as_uri()}/" for folder in found.folders))
    outside = {url for url in found.requests() if not url.startswith(inside) and url != "about:blank"}
    assert outside == set()


@pytest.fixture(scope="session")
def keys():
    return pytest.importorskip("selenium.webdriver.common.keys").Keys
