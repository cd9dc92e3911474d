"""Concepts of units in a study whose images are few, and whose first layer sees single pixels."""

import re

import pandas as pd
import pytest
import xarray as xr
from zarr.storage import ZipStore

pytestmark = pytest.mark.slow

MEASURES = "results/measures"
# all layers of the network are one block
PLACE = "random/tiny/0000-0019"


@pytest.fixture(scope="module")
def small(begin, tmp_path_factory):
    """A study with fewer images than top images are asked for, and a class that has none."""
    study = begin(tmp_path_factory.mktemp("concepts") / "study")
    for split in ("train", "test"):
        (study.folder / "images" / split / "a-kind-without-images").mkdir()
    study.config["runs"] = [
        {"network": "random", "dataset": "tiny", "layers": ["input", "relu1", "output"], "n_map_images": 6}
    ]
    study.succeed(
        f"{MEASURES}/multifacetedness/random/tiny/units.parquet",
        f"{MEASURES}/facets/{PLACE}.parquet",
        "results/figures/multifacetedness/random/tiny/density.png",
        "results/figures/multifacetedness/random/tiny/similarity.png",
    )
    return study


def test_more_top_images_than_images_are_said_once(small):
    logs = {path: path.read_text() for path in (small.folder / "logs").rglob("*.log")}
    warned = [path.parent.parent.name for path, log in logs.items() if "concepts.top: is 100" in log]
    assert warned == ["multifacetedness"]
    (log,) = (log for path, log in logs.items() if path.parent.parent.name == "multifacetedness")
    (line,) = re.findall("WARNING (.*)", log)
    assert line.startswith("measures.concepts.top: is 100, but the numbers of images are 24 at final: ")
    layers = pd.read_parquet(small.folder / MEASURES / "multifacetedness/random/tiny/layers.parquet")
    assert (layers["n_images"] == 24).all()
    units = pd.read_parquet(small.folder / MEASURES / "multifacetedness/random/tiny/units.parquet")
    assert units["n_top_images"].max() == 24


def test_patches_of_single_pixels_have_no_facets(small):
    table = pd.read_parquet(small.folder / MEASURES / f"facets/{PLACE}.parquet").query("layer == 'input'")
    assert set(table["reason"]) == {"patches of 1×1 pixels, smaller than 2×2"}
    assert table["converged_gray"].isna().all()


def test_the_image_has_no_units_that_count(small):
    units = pd.read_parquet(small.folder / MEASURES / "multifacetedness/random/tiny/units.parquet")
    of_image = units["layer"] == "input"
    undefined = ["mf_normalized", "faceted", "mf_p_normal", "mf_p_rank", "mf_q"]
    assert units.loc[of_image, undefined].isna().all(axis=None)
    assert units.loc[of_image, "mf_degree"].notna().all()
    assert units.loc[~of_image, "mf_normalized"].max() == 1
    layers = pd.read_parquet(small.folder / MEASURES / "multifacetedness/random/tiny/layers.parquet")
    assert layers["share_sf"].isna().tolist() == [True, False, False]
    expected = units.loc[~of_image & units["mf_degree"].notna(), "mf_degree"].mean()
    assert layers["mf_network_mean"].to_numpy() == pytest.approx([expected] * 3)


def test_a_class_without_images_is_a_column_of_zeros(small):
    store = xr.open_zarr(
        ZipStore(small.folder / MEASURES / f"concepts/{PLACE}.zarr.zip", read_only=True), group="relu1/final"
    )
    assert store.attrs["classes"][0] == "a-kind-without-images"
    counts = store["class_count"].values
    assert counts.shape == (64, 4)
    assert (counts[:, 0] == 0).all()
    assert (counts.sum(0)[1:] > 0).all()
