"""The distribution of a unit's values over images, and the units that an image activates most."""

import numpy as np
import pytest

from census.atlas.standings import BINS, standings
from census.stores import reading
from census.stores.activations import StoreWriter, create_store, finish_store
from census.stores.reading import open_store

N = 101
IMAGES = 3 * np.arange(N)[::-1]  # neither from 0 nor ascending


def store(folder, values):
    """Write a store of largest values, (image, unit), and open it."""
    n_units = values.shape[1]
    create_store(folder / "unfinished", (n_units, 1, 1), IMAGES, np.zeros(N, int), 0, 8, "none")
    values = values.astype("f4")
    zeros = np.zeros(values.shape, "i4")
    StoreWriter(folder / "unfinished").write_statistics(0, (values, values, zeros, zeros))
    finish_store(folder / "unfinished", {"key": "k", "shape": [n_units, 1, 1]}, folder / "layer.zarr.zip")
    return open_store(folder / "layer.zarr.zip")


@pytest.fixture
def found(tmp_path):
    ramp = np.arange(N, dtype=float)
    undefined = np.where(ramp < 50, np.nan, ramp)
    values = np.stack([ramp, -ramp, np.zeros(N), np.where(ramp == 7, 2, 0), np.full(N, np.nan), undefined], 1)
    return standings(store(tmp_path, values), IMAGES, 3, seed=0)


def test_images_at_quantiles_are_those_of_the_ranks(found):
    assert found.values[0].tolist() == [0, 25, 50, 75, 90, 99, 100]
    assert found.images[0].tolist() == IMAGES[[0, 25, 50, 75, 90, 99, 100]].tolist()
    assert found.values[1].tolist() == [-100, -75, -50, -25, -10, -1, 0]
    assert found.values[3].tolist() == [0] * 6 + [2]
    assert len(set(found.images[2].tolist())) == 7  # equal values, different images
    assert np.isnan(found.values[4]).all()
    assert (found.images[4] == -1).all()
    assert found.values[5].tolist() == [50, 62, 75, 88, 95, 100, 100]
    assert found.ends[[0, 1, 2, 3, 5]].tolist() == [[0, 100], [-100, 0], [0, 0], [0, 2], [50, 100]]
    assert np.isnan(found.ends[4]).all()


def test_histograms_count_finite_values(found):
    assert found.histogram.sum(1).tolist() == [N, N, N, N, 0, 51]
    assert found.histogram[0].max() - found.histogram[0].min() <= 1
    assert found.histogram[2, 0] == N
    assert (found.histogram[3, 0], found.histogram[3, BINS - 1]) == (N - 1, 1)


def test_units_are_those_with_the_best_rank_of_the_image(found):
    # values of image 7: 7, -7, 0, 2, undefined, undefined
    assert found.driven[7].tolist() == [[3, 1, 100], [0, 94, 7], [-1, -1, -1]]
    # two units have the largest value on the last; of equal ranks, the lower unit comes first
    assert found.driven[100].tolist() == [[0, 1, 100], [5, 1, 100], [-1, -1, -1]]
    assert (found.driven[0] == -1).all()


def test_blocks_of_units_and_shown_images_do_not_matter(found, tmp_path, monkeypatch):
    again = tmp_path / "again"
    again.mkdir()
    ramp = np.arange(N, dtype=float)
    values = np.stack([ramp, ramp**2, ramp[::-1]], axis=1)
    shown = IMAGES[[0, 30, 60, 100]]
    whole = standings(store(again, values), shown, 2, seed=0)
    # of the shown ones, those nearest to ranks 0, 25, 50, 75, 90, 99 and 100
    assert whole.images[0].tolist() == IMAGES[[0, 30, 60, 60, 100, 100, 100]].tolist()
    # the ends are those of all images
    inner = standings(store(again, values), IMAGES[30:61], 2, seed=0)
    assert inner.values[:, [0, -1]].tolist() == [[30, 60], [900, 3600], [40, 70]]
    assert inner.ends.tolist() == whole.ends.tolist() == [[0, 100], [0, 10000], [0, 100]]
    monkeypatch.setattr(reading, "VALUES_AT_ONCE", N)
    split = standings(open_store(again / "layer.zarr.zip"), shown, 2, seed=0)
    for one, other in zip(whole, split, strict=True):
        assert (one == other).all()
