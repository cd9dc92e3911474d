"""The order of tied images."""

import numpy as np

from census.statistics.ties import images_of, tie_ranks


def test_ranks_are_distinct_and_invertible():
    images = np.array([0, 1, 2, 12345, 2**31, 2**32 - 1])
    ranks = tie_ranks(images)
    assert len(set(ranks.tolist())) == len(images)
    np.testing.assert_array_equal(images_of(ranks), images)


def test_the_first_images_are_spread_evenly():
    first = np.sort(tie_ranks(np.arange(1000)).argsort()[:50])
    gaps = np.diff([0, *first, 999])
    assert gaps.max() <= 60
