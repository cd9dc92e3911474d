"""The jobs of the measure ``directions``, on stores with known directions."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
from zarr.storage import ZipStore

from census.claims.files import Files as Files_of_claims
from census.jobs import job
from census.measures.direction_tables import COMPARISONS
from census.measures.vectors import moments, open_vectors
from census.stores.activations import StoreWriter, create_store, finish_store
from census.stores.recording import Recording
from census.tables.arrow import ENDINGS
from census.tables.measuring import run as run_job

MEASURED = [each.name + end for each in COMPARISONS for end in ENDINGS[: 3 if each.has_interval else 1]]
SCRIPTS = Path(__file__).parents[2] / "scripts"
N, K = 40, 4
LABELS = np.arange(N) % K
IMAGES = np.arange(N) * 3  # indices in the data set
SETTINGS = {
    "components": 3,
    "leading": 10,
    "threshold": None,
    "permutations": 3,
    "permuted_neurons": 100,
    "matched_images": 20,
    "matched_neurons": 3,
    "top": 5,
    "neurons": 2,
    "projections": 40,
    "variance_quantile": 0.9,
    "resamples": 100,
    "loadings": [],
    "seed": 0,
}


def arrays_in(store, checkpoint="final"):
    """Return the arrays of the layer ``relu``."""
    return xr.open_zarr(ZipStore(store, read_only=True), group=f"relu/{checkpoint}")


def class_vectors(height=3, width=4, units=6, strength=3.0):
    """Return maps of images whose classes are directions of their own."""
    random = np.random.default_rng(0)
    weights = random.normal(size=(K, height, width, units))
    maps = strength * weights[LABELS] + random.normal(size=(N, height, width, units))
    return np.maximum(maps, 0).astype(np.float32)


def variances(maps):
    """Return the normalized vectors of maps, and each neuron's variance; NaN for one that is constant."""
    vectors = maps.reshape(len(maps), -1).astype(float)
    phi = (vectors - vectors.mean(1, keepdims=True)) / vectors.std(1, keepdims=True)
    return phi, np.where(np.ptp(vectors, axis=0) == 0, np.nan, phi.var(0))


@pytest.fixture
def store(tmp_path):
    """A function that writes a layer's store from its maps."""

    def store(maps, checkpoint="final", layer="relu", labels=LABELS, classes=K):
        n, height, width, units = maps.shape
        path = tmp_path / checkpoint / f"{layer}.zarr.zip"
        path.parent.mkdir(exist_ok=True)
        unfinished = tmp_path / "unfinished"
        create_store(unfinished, (units, height, width), IMAGES[:n], labels[:n], n, 16, "lz4")
        writer = StoreWriter(unfinished)
        means = maps.mean((1, 2))
        writer.write_statistics(0, (means, maps.max((1, 2)), np.zeros_like(means), np.ones_like(means)))
        for first in range(0, n, 16):
            writer.write_maps(first, maps[first : first + 16])
        step = 0 if checkpoint == "0" else None
        about = {"key": "k", "network": "net", "checkpoint": checkpoint, "step": step, "dataset": "set"}
        here = {"layer": layer, "depth": 1, "kind": "nonlinearity", "branch_of": ""}
        names = [f"class {label}" for label in range(classes)]
        finish_store(unfinished, {**about, **here, "shape": [units, height, width], "classes": names}, path)
        return path

    return store


@pytest.fixture
def run(tmp_path):
    """A function that runs the job, with the Gram matrices that it needs, and returns what it wrote."""

    def run(*stores, gram=True, logits=None, **settings):
        place = tmp_path / f"found-{len(list(tmp_path.glob('found-*')))}"
        place.mkdir()
        stores = [str(path) for path in stores]
        if gram:
            run_job(
                "gram", {"layer": stores, "parts": []}, {"store": str(place / "gram.zarr.zip")}, {"seed": 0}
            )
        names = ("layer", "spectrum", "directions", "units")
        outputs = {"store": str(place / "found.zarr.zip"), **{name: str(place / name) for name in names}}
        inputs = {
            "layer": stores,
            "gram": [str(place / "gram.zarr.zip")] if gram else [],
            "logits": [str(logits)] if logits else [],
        }
        with job(tmp_path / "log"):
            run_job("directions", inputs, outputs, SETTINGS | settings)
        tables = {name: pd.read_parquet(place / name) for name in names}
        return SimpleNamespace(
            **tables, store=place / "found.zarr.zip", folder=place, log=(tmp_path / "log").read_text()
        )

    return run


def test_what_is_written_follows_from_the_maps(store, run):
    maps = class_vectors()
    found = run(store(maps, "0"), store(maps, "10"), store(maps), loadings=["relu"], threshold=20)
    phi, variance = variances(maps)
    u, sigma, _ = np.linalg.svd(phi.T, full_matrices=False)
    assert found.layer["checkpoint"].tolist() == ["0", "10", "final"]
    row = found.layer.iloc[2]
    assert row["n_components"] == N
    assert row["n_components_above_threshold"] == (sigma > 20).sum()
    assert row["participation_ratio"] == pytest.approx((sigma**2).sum() ** 2 / (sigma**4).sum(), rel=1e-3)
    assert row["participation_ratio_low"] < row["participation_ratio"] < row["participation_ratio_high"] + 1
    assert row["n_significant_components"] == K
    assert row["reconstruction_error_3_absolute"] == pytest.approx(np.linalg.norm(sigma[3:]), rel=1e-3)
    assert row["reconstruction_error_3"] < row["held_out_error_3"] < 1
    spectrum = found.spectrum.query("checkpoint == 'final'")
    np.testing.assert_allclose(spectrum["singular_value"], sigma, rtol=1e-3)
    assert spectrum["explained_variance"].sum() == pytest.approx(1, rel=1e-4)
    # at a step in between, only the spectrum
    assert found.layer.loc[1, list(MEASURED)].isna().all()
    assert found.layer.loc[[0, 2], list(MEASURED)].notna().all().all()
    assert found.spectrum.query("checkpoint == '10'")["permuted_eigenvalue"].isna().all()
    assert set(found.directions["checkpoint"]) == {"0", "final"}

    group = arrays_in(found.store)
    np.testing.assert_allclose(group["variance"].values.ravel(), variance, rtol=1e-3)
    final = found.directions.query("checkpoint == 'final'").reset_index(drop=True)
    assert final.groupby("family").size().to_dict() == {
        "neuron": 2,
        "projection": 40,
        "svd": 10,
        "variance": 3,
    }
    best = final[final["family"] == "variance"]
    np.testing.assert_array_equal(best["neuron"], np.argsort(-variance)[:3])
    np.testing.assert_array_equal(best["unit"], best["neuron"] % 6)
    for place, line in best.iterrows():
        order = np.argsort(-phi[:, int(line["neuron"])], kind="stable")
        np.testing.assert_array_equal(group["top_image"].values[place], IMAGES[order[:5]])
        np.testing.assert_array_equal(group["bottom_image"].values[place], IMAGES[order[::-1][:5]])
    vectors = group["singular_vectors"].values
    for place in range(3):
        scores = phi @ u[:, place]
        order = np.argsort(-scores * np.sign(vectors[:, place] @ scores), kind="stable")
        np.testing.assert_array_equal(group["top_image"].values[place], IMAGES[order[:5]])
    loadings = group["loadings"].values
    assert loadings.shape == (10, 3, 4, 6)
    assert abs(loadings[0].ravel() @ u[:, 0]) == pytest.approx(1, abs=1e-4)
    assert final["above_quantile"].sum() == 4
    assert final.loc[final["above_quantile"], "family"].eq("projection").all()
    units = found.units.query("checkpoint == 'final'")
    np.testing.assert_allclose(units["variance"], np.nanmean(variance.reshape(-1, 6), axis=0), rtol=1e-3)
    # classes are directions: the images at their ends are of one each
    assert row["class_entropy_svd"] < 0.5 * row["class_entropy_chance"]
    assert row["redundancy_svd"] < row["redundancy_chance"] + 0.1


def test_without_a_gram_matrix_it_is_the_same_but_for_what_needs_one(store, run):
    path = store(class_vectors())
    one, other = run(path), run(path, gram=False)
    np.testing.assert_allclose(
        other.spectrum["singular_value"][:4], one.spectrum["singular_value"][:4], rtol=1e-3
    )
    assert len(other.spectrum) == 10
    vectors = [arrays_in(each.store)["singular_vectors"].values for each in (one, other)]
    np.testing.assert_allclose(vectors[1][:, :3], vectors[0][:, :3], atol=1e-2)
    for column in ("redundancy_svd", "redundancy_variance", "class_entropy_svd", "n_constant_neurons"):
        assert other.layer[column][0] == one.layer[column][0]
    unknown = ["participation_ratio", "held_out_error_3", "n_significant_components"]
    assert other.layer[unknown].isna().all().all()
    assert sorted(each.name for each in other.folder.iterdir()) == [
        "directions",
        "found.zarr.zip",
        "layer",
        "spectrum",
        "units",
    ]


def test_only_images_that_are_classified_correctly_count(store, run):
    logits = np.zeros((N, 1, 1, K), np.float32)
    logits[np.arange(N), 0, 0, LABELS] = 1
    wrong = np.arange(N) % 3 == 0
    logits[wrong] = logits[wrong][..., ::-1]
    maps = class_vectors()
    found = run(store(maps), logits=store(logits, layer="output"))
    row = found.layer.iloc[0]
    assert (row["n_map_images"], row["n_misclassified_images"], row["n_images"]) == (
        N,
        wrong.sum(),
        (~wrong).sum(),
    )
    group = arrays_in(found.store)
    np.testing.assert_array_equal(group["image"].values, IMAGES[~wrong])
    assert not set(group["top_image"].values.ravel()) & set(IMAGES[wrong])
    phi, variance = variances(maps[~wrong])
    sigma = np.linalg.svd(phi, compute_uv=False)
    np.testing.assert_allclose(found.spectrum["singular_value"], sigma, rtol=1e-3)
    np.testing.assert_allclose(group["variance"].values.ravel(), variance, rtol=1e-3)


@pytest.mark.parametrize(
    ("classes", "label", "message"),
    [
        (7, 0, "correct_only: the network names 4 classes, set has 7"),
        (K, 3, "all but 0 of the images with activation maps are misclassified"),
    ],
)
def test_images_that_nobody_can_tell_to_be_right_are_an_error(store, run, classes, label, message, capsys):
    logits = np.zeros((N, 1, 1, K), np.float32)
    logits[..., label] = 1
    labels = np.zeros(N, int)
    paths = [
        store(each, layer=layer, labels=labels, classes=classes)
        for each, layer in ((class_vectors(), "relu"), (logits, "output"))
    ]
    with pytest.raises(SystemExit) as raised:
        run(paths[0], logits=paths[1])
    assert message in str(raised.value)


def test_an_inactive_layer_is_undefined_and_no_failure(store, run):
    inactive = np.zeros((N, 2, 2, 3), np.float32)
    for gram in (True, False):
        found = run(store(inactive), gram=gram)
        row = found.layer.iloc[0]
        assert (row["n_images"], row["n_undefined_vectors"], row["n_components"]) == (0, N, 0)
        assert row[["participation_ratio", "reconstruction_error_3", *MEASURED]].isna().all()
        assert len(found.spectrum) == len(found.directions) == 0
        assert f"{N} vectors are constant or not finite" in found.log
        assert "3 components asked for, 0 found" in found.log
        arrays_in(found.store).close()
    # readers find the columns that other layers have
    other = run(store(class_vectors(), layer="other"))
    for name in ("directions", "units", "spectrum"):
        schemas = [pq.read_schema(each.folder / name).remove_metadata() for each in (found, other)]
        assert schemas[0] == schemas[1], name
    files = Files_of_claims({"directions": [found.folder / "directions"]}, "final")
    assert len(files.class_entropies("relu", "both")) == 0


def test_a_rank_above_what_there_is_and_neurons_that_never_vary(store, run):
    maps = class_vectors(1, 1, 6)
    maps[..., 2] = 0
    maps[5:] = maps[:5].repeat(7, axis=0)  # five vectors
    found = run(store(maps), components=8, top=30)
    row = found.layer.iloc[0]
    assert row["n_components"] <= 5
    assert np.isnan(row["reconstruction_error_8"])
    constant = np.isnan(variances(maps)[1])
    assert constant[2]
    assert row["n_constant_neurons"] == constant.sum()
    np.testing.assert_array_equal(found.units["variance"].isna(), constant)
    assert not found.directions["neuron"].isin(np.flatnonzero(constant)).any()
    assert "8 components asked for" in found.log
    assert f"{N // 2} images at an end, not 30" in found.log


def test_the_same_vector_for_all_images_has_no_ends(store, run):
    maps = np.tile(class_vectors()[:1], (N, 1, 1, 1))
    for gram in (True, False):
        found = run(store(maps), gram=gram)
        row = found.layer.iloc[0]
        assert (row["n_images"], row["n_undefined_vectors"]) == (N, 0)
        undefined = [name for name in MEASURED if name.startswith(("redundancy_", "class_entropy_", "rho_"))]
        undefined = [name for name in undefined if not name.endswith("_chance")]
        assert row[undefined].isna().all()
        assert found.directions["class_entropy"].isna().all()


def test_constant_vectors_and_a_single_neuron(store, run):
    maps = class_vectors()
    maps[[3, 9]] = 0
    maps[11] = np.nan
    found = run(store(maps))
    assert found.layer["n_undefined_vectors"][0] == 3
    assert found.layer["n_images"][0] == N - 3
    assert not {9, 27, 33} & set(arrays_in(found.store)["image"].values)
    alone = run(store(class_vectors(1, 1, 1), layer="one"))
    assert alone.layer["n_components"][0] == 0
    maps[1:] = 0
    alone = run(store(maps))
    assert (alone.layer["n_images"][0], alone.layer["n_components"][0]) == (1, 0)


def test_matrices_are_those_of_added_parts(store, tmp_path):
    stores, parts = [str(store(class_vectors(), each)) for each in ("0", "final")], []
    for part in range(3):
        parts.append(str(tmp_path / f"{part}.zarr.zip"))
        given = SimpleNamespace(
            input=stores,
            output=parts[-1:],
            params=SimpleNamespace(parts=3),
            wildcards=SimpleNamespace(part=str(part)),
            log=[str(tmp_path / "log")],
        )
        runpy.run_path(str(SCRIPTS / "gram_part.py"), {"snakemake": given})
    for name, files in (("whole", []), ("added", parts)):
        place = {"store": str(tmp_path / f"{name}.zarr.zip")}
        run_job("gram", {"layer": stores, "parts": files}, place, {"seed": 0})
    for checkpoint in ("0", "final"):
        whole, added = (arrays_in(tmp_path / f"{name}.zarr.zip", checkpoint) for name in ("whole", "added"))
        xr.testing.assert_allclose(added, whole, rtol=1e-4)
        assert added.attrs == whole.attrs


def test_moments_are_those_of_vectors_and_exact_where_there_are_none():
    vectors = (np.random.default_rng(0).normal(size=(6, 50)) + 1e4).astype(np.float32)
    vectors[2], vectors[4, 7] = 0.1, np.inf
    found = moments([part.copy() for part in np.split(vectors, [13, 14, 40], axis=1)])
    exact = vectors.astype(float)
    kept = [0, 1, 3, 5]
    np.testing.assert_allclose(found.means[kept], exact[kept].mean(1), rtol=1e-7)
    np.testing.assert_allclose(found.deviations[kept], exact[kept].std(1), rtol=1e-3)
    assert found.deviations[2] == 0
    assert np.isnan(found.deviations[4])
    with pytest.raises(ValueError, match="no block"):
        moments([])


def test_vectors_in_a_file_are_those_that_are_read(store, tmp_path):
    vectors = open_vectors(Recording(store(class_vectors())), None, IMAGES[5:])
    mapped = vectors.mapped(tmp_path)
    np.testing.assert_array_equal(mapped, np.concatenate([each for each, _ in vectors.blocks()], axis=1))
    np.testing.assert_array_equal(vectors.images, IMAGES[5:])
    assert mapped.mean(1) == pytest.approx(np.zeros(N - 5), abs=1e-6)
    assert mapped.std(1) == pytest.approx(np.ones(N - 5), abs=1e-5)
