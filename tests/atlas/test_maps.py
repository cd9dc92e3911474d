"""Activation maps as overlays: which images, which values, which pixels."""

import numpy as np
import pytest
from PIL import Image

from census.atlas.maps import LEVELS, PER_FILE, strongest_maps, write_maps
from census.stores.reading import open_store


@pytest.fixture
def early(planted):
    return open_store(planted["stores"][0])


def test_maps_are_those_of_the_images_that_activate_a_unit_most(early):
    maps = strongest_maps(early, 2, 16)
    assert maps.images.images.tolist() == [[20, 11], [-1, -1], [11, -1]]
    assert maps.images.values[0].tolist() == [21, 12]
    # the largest value is at (1, 2), a third of it at (0, 0)
    expected = np.zeros((4, 4), int)
    expected[1, 2], expected[0, 0] = LEVELS - 1, round((LEVELS - 1) / 3)
    for unit, rank in ((0, 0), (0, 1), (2, 0)):
        assert (maps.levels[unit, rank] == expected).all()
    assert not maps.levels[1].any()


def test_large_maps_keep_the_largest_value_of_a_cell(early):
    assert strongest_maps(early, 1, 2).levels[0, 0].tolist() == [[LEVELS // 3, LEVELS - 1], [0, 0]]


def test_maps_of_one_position_are_none(planted):
    assert strongest_maps(open_store(planted["stores"][1]), 2, 16) is None


def test_files_hold_a_row_of_maps_per_unit(tmp_path):
    levels = np.zeros((PER_FILE + 1, 2, 3, 4), np.uint8)
    levels[PER_FILE, 1, 2, 3] = LEVELS - 1
    write_maps(tmp_path, levels)
    first, second = (np.asarray(Image.open(tmp_path / f"{number}.webp")) for number in (0, 1))
    assert (first.shape, second.shape) == ((3 * PER_FILE, 8, 4), (3, 8, 4))
    assert second[2, 7].tolist() == [255, 225, 110, 120]
    assert np.unique(first.reshape(-1, 4), axis=0).tolist() == [[8, 12, 60, 150]]
