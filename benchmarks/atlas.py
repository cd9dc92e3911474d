"""The atlas in a headless Chromium: a generated one of a million units, opened from disk.

Times begin with the navigation to a page, and end when all that is in view is there: rows, values and images.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.common import Options, Row, size_of

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PROGRAMS = ("chromium", "chromedriver")
RUNS, LAYERS, UNITS = 5, 100, 2000
QUICK = (2, 2, 20)
ROUNDS = 5
OPENED, FOUND, PAINTED, COMPLETE = 1, 2, 1, 1.5  # seconds, at most
CLASSES, IMAGES, SIDE = 1000, 256, 48
# measures of units in the default study; the last ones are those of a fifth of the layers
MEASURES = (
    *("active_fraction", "lifetime_sparseness", "gini", "mf_degree", "selectivity", "auroc"),
    *("precision_top_k", "top_count_1", "participation", "kurtosis", "gini_chance", "auroc_chance"),
    *("selectivity_corrected", "cluster"),
)
RARE = ("rs_iam", "rs_am", "ablation_kl", "ablation_loss")
TEXTS = ("top_class_1", "top_class_2", "selective_class")
SEARCHES = {
    "a search by two measures, sorted": "where=gini:above:0.5&where=auroc:above:0.5&sort=-gini",
    "a search that finds few units": "where=top_class_1:is:class%2012&where=gini:above:0.999",
    "a search by words": "text=class%2012&sort=-mf_degree",
}
# how long a page took: the first paint, and all in view
TIMES = """
    const done = arguments[0];
    const inView = (each) => {
      const { top, bottom } = each.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    };
    const isWaiting = (each) => inView(each) && (!each.querySelector(".some").childElementCount
      || [...each.cells].some((cell) => cell.textContent === "…"));
    const look = () => {
      const waits = !document.body.dataset.drawn
        || [...document.querySelectorAll(".units tbody tr")].some(isWaiting);
      if (waits) setTimeout(look, 5);
      else requestAnimationFrame(() => setTimeout(() => done(["", "first-contentful-"].map((kind) =>
        kind ? performance.getEntriesByName(`${kind}paint`)[0].startTime : performance.now()))));
    };
    look();
"""


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    if lacks := missing():
        yield Row(f"skipped: {lacks}")
        return
    n_runs, n_layers, n_units = QUICK if options.quick else (RUNS, LAYERS, UNITS)
    total = f"{n_runs * n_layers * n_units:,} units"
    with options.temporary("atlas") as folder, browser() as driver:
        generate(folder, n_runs, n_layers, n_units)
        words = f"{total} in {n_runs * n_layers} layers of {n_runs} networks"
        yield Row(f"{words}: size", [size_of(folder) / 1e6], "MB")
        page = (folder / "index.html").as_uri()
        rounds = 1 if options.quick else ROUNDS
        pages = {"the first page": ("#/networks", OPENED)}
        pages |= {name: (f"#/search?{query}", FOUND) for name, query in SEARCHES.items()}
        for name, (route, target) in pages.items():
            found = [times(driver, page + route)[0] for _ in range(rounds)]
            yield Row(f"{total}: {name}", found, "s", target)
        for view in ("", "?view=table"):
            found = [times(driver, f"{page}#/net0/set/layer0{view}") for _ in range(rounds)]
            name = f"a layer of {n_units:,} units{', as a table' if view else ''}"
            yield Row(f"{name}: first paint", [painted for _, painted in found], "s", PAINTED)
            yield Row(f"{name}: complete", [complete for complete, _ in found], "s", COMPLETE)


def missing() -> str:
    """Return what a browser needs and this machine lacks; empty for nothing."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if programs:
        return f"no {' or '.join(programs)}: install the Debian packages chromium and chromium-driver"
    return "" if find_spec("selenium") else "no selenium: install the development requirements"


@contextlib.contextmanager
def browser() -> Iterator["Chrome"]:
    """Give a browser that logs its requests and the messages of pages, and end it."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    binary, service = (shutil.which(name) for name in PROGRAMS)
    options.binary_location = binary
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # because Chromium has no sandbox for root
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=service))
    driver.set_script_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


def times(driver: "Chrome", address: str) -> tuple[float, float]:
    """Open a page afresh; return the seconds until all in view is there, and until the first paint."""
    driver.get("about:blank")
    driver.get(address)
    complete, painted = driver.execute_async_script(TIMES)
    return complete / 1000, painted / 1000


def generate(folder: Path, n_runs: int, n_layers: int, n_units: int) -> None:
    """Write an atlas of random values: networks, with so many layers each, with so many units each."""
    from census import __version__
    from census.atlas.papers import families, papers
    from census.atlas.search import write_search
    from census.atlas.site import write_data, write_shell
    from census.atlas.sprites import grid_of, save, sheet
    from census.atlas.tables import columns_of_layer, kinds_of_columns, summaries

    random = np.random.default_rng(0)
    data = folder / "data"
    grid = grid_of(SIDE, SIDE)
    coarse = random.integers(0, 255, (IMAGES, 4, 4, 3), dtype=np.uint8)
    pixels = coarse.repeat(SIDE // 4, 1).repeat(SIDE // 4, 2)
    runs = []
    for number in range(n_runs):
        key = f"net{number}/set"
        tables, layers = [], []
        for place in range(n_layers):
            table = _units(random, n_units, every=place % 5 == 0)
            kinds = kinds_of_columns(table)
            write_data(data, f"{key}/layers/layer{place}", {"columns": columns_of_layer(table, kinds)})
            images = random.integers(0, IMAGES, (n_units, 4)).tolist()
            write_data(data, f"{key}/tiles/layer{place}", {"image": images, "position": [[0] * 4] * n_units})
            tables.append(table)
            layers.append(
                {
                    **{"name": f"layer{place}", "path": f"layer{place}", "depth": place, "branch_of": ""},
                    **{"kind": "nonlinearity", "shape": [n_units, 1, 1], "field": None, "n_directions": 0},
                    **{"summary": summaries(table, kinds), "reliability": {}},
                }
            )
        (data / key / "images").mkdir()
        save(data / key / "images/0.webp", sheet(pixels, grid), exact=True)
        about = {"network": f"net{number}", "name": f"net{number}", "seed": 0, "title": f"net{number}"}
        about |= {"seeds": [], "dataset": "set", "split": "all", "n_images": IMAGES}
        runs.append(about | {"n_layers": n_layers, "n_units": n_layers * n_units})
        images_shown = {
            **{"index": [*range(IMAGES)], "label": [*range(IMAGES)], "side": SIDE},
            **{"columns": grid.columns, "per_file": 200, "sheets": [["images/0.webp", IMAGES]]},
        }
        run = {
            **{"step": None, "classes": [f"class {each}" for each in range(CLASSES)], "size": SIDE},
            **{"class_images": [1] * CLASSES, "columns": kinds, "columns_of_directions": {}},
            **{"checkpoints": [], "layers": layers, "images": images_shown},
            "searched": write_search(data, f"{key}/search", pa.concat_tables(tables), kinds),
        }
        write_data(data, f"{key}/run", about | run)
    shell = {
        **{"runs": runs, "definitions": {}, "definitions_of_directions": {}, "families": families()},
        **{"papers": papers(), "paper_of": {}, "figures": {}, "specifications": {}, "claims": None},
    }
    names = {"page": "index.html", "style": "style.css", "script": "atlas.js", "data": "data.js"}
    write_shell({name: folder / file for name, file in names.items()}, shell, __version__)


def _units(random: np.random.Generator, n_units: int, *, every: bool) -> pa.Table:
    """Return values of the units of a layer; some measures are missing if not every one is measured."""
    columns: dict[str, pa.Array] = {"unit": pa.array(np.arange(n_units))}
    for name in (*MEASURES, *RARE):
        values = pa.array(random.uniform(size=n_units))
        columns[name] = values if every or name in MEASURES else pa.nulls(n_units, pa.float64())
    for name in TEXTS:
        columns[name] = pa.array([f"class {each}" for each in random.integers(0, CLASSES, n_units)])
    return pa.table(columns)
