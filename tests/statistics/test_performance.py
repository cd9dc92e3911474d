"""Accuracy and loss, against torch and by hand."""

import numpy as np
import torch
from scipy.special import log_softmax as expected_log_softmax
from torch.nn.functional import cross_entropy

from census.statistics.performance import correct_images, log_softmax, performance

LOGITS = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32) * 4
LABELS = np.random.default_rng(1).integers(0, 5, 20, dtype=np.int32)


def test_it_agrees_with_torch():
    found = performance(LOGITS, LABELS)
    logits, labels = torch.tensor(LOGITS), torch.tensor(LABELS, dtype=torch.long)
    np.testing.assert_allclose(found.loss, cross_entropy(logits, labels, reduction="none"), rtol=1e-5)
    np.testing.assert_array_equal(found.accuracy, (logits.argmax(1) == labels).double())


def test_by_hand():
    found = performance(np.array([[0, 0], [1000, 0], [np.nan, 0]]), np.array([0, 1, 0]))
    np.testing.assert_array_equal(found.accuracy, [1, 0, np.nan])
    np.testing.assert_allclose(found.loss, [np.log(2), 1000, np.nan])


def test_log_softmax_is_scipy_s():
    infinite = np.array([[np.inf, 0], [-np.inf, 0], [np.inf, 1000], [np.nan, 1], [1e4, -1e4]])
    for logits in (LOGITS.astype(np.float64), infinite):
        with np.errstate(all="ignore"):
            expected = expected_log_softmax(logits, axis=1)
        np.testing.assert_array_equal(log_softmax(logits), expected)


def test_correct_images_are_those_whose_class_has_the_largest_logit():
    logits = np.array([[1.0, 2, 0], [3, 1, 1], [0, 0, 1], [np.nan, 0, 1]])
    found = correct_images(logits, np.array([1, 0, 1, 2]), np.array([40, 10, 30, 20]))
    assert found.tolist() == [40, 10]
