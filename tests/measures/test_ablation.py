"""Ablation effects: by hand, against other implementations, and for units with known roles."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from torch import nn

from census.interventions.suffix import Suffix, run_changes, run_intact
from census.measures import ablation
from census.measures.ablation import (
    NONE,
    Answers,
    agreement,
    area_under,
    chance_accuracy,
    compare,
    most_affected_class,
    removal_order,
    removed_units,
)
from census.statistics.bootstrap import mean_of_rows


def softmax(logits):
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def test_agreement_against_scipy():
    random = np.random.default_rng(0)
    logits, intact = random.normal(0, 3, (2, 40, 7)).astype(np.float32)
    found = agreement(logits, intact)
    expected = entropy(softmax(intact.astype(float)), softmax(logits.astype(float)), axis=1)
    np.testing.assert_allclose(found.loss, expected)
    np.testing.assert_array_equal(found.accuracy, logits.argmax(1) == intact.argmax(1))


def test_agreement_with_the_same_answers_is_perfect():
    logits = np.random.default_rng(0).normal(0, 30, (20, 5)).astype(np.float32)
    found = agreement(logits, logits)
    assert (found.loss == 0).all()
    assert (found.accuracy == 1).all()
    # by hand: p = (2/3, 1/3), q = (1/2, 1/2)
    found = agreement(np.zeros((1, 2)), np.log([[2.0, 1.0]]))
    assert found.loss[0] == pytest.approx(2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3))


def test_unknown_logits_give_unknown_answers():
    logits = np.array([[0.0, 1, 2], [np.nan, 1, 2], [0, 1, 2]])
    intact = np.array([[0.0, 1, 2], [0, 1, 2], [np.nan, 1, 2]])
    for each in agreement(logits, intact):
        assert np.isnan(each).tolist() == [False, True, True]


def test_labels_are_the_reference_where_there_are_any():
    logits, intact = np.array([[4.0, 0], [0, 4]]), np.array([[4.0, 0], [4, 0]])
    assert compare(logits, intact, np.array([1, 1])).accuracy.tolist() == [0, 1]
    assert compare(logits, intact, None).accuracy.tolist() == [1, 0]


def test_most_affected_class_by_hand(monkeypatch):
    monkeypatch.setattr(ablation, "LEAST_IMAGES", 1)
    classes = np.array([2, 2, 5, 5, 5, 7])
    intact = np.array([1.0, 1, 1, 1, 0, 1])
    right = np.array(
        [
            [1.0, 1, 1, 1, 0, 1],  # as before
            [0, 1, 1, 0, 0, 1],  # half of class 2, a third of class 5
            [1, 1, 0, 0, 1, 1],  # two lost and one won
            [0, 0, 1, 1, 1, 0],  # both classes are lost: the first counts
            [1, 1, 1, 1, 1, 1],  # one won
            [np.nan, 1, 1, 1, 0, 0],
        ]
    )
    drop, label = most_affected_class(right, intact, classes)
    np.testing.assert_allclose(drop, [0, 1 / 2, 1 / 3, 1, 0, np.nan])
    assert label.tolist() == [NONE, 2, 5, 2, NONE, NONE]


def test_classes_of_few_images_do_not_count():
    classes, intact = np.repeat([3, 8], [5, 4]), np.ones(9)
    drop, label = most_affected_class(np.array([[1.0] * 4 + [0] * 5, [1.0] * 5 + [0] * 4]), intact, classes)
    np.testing.assert_allclose(drop, [0.2, 0])
    assert label.tolist() == [3, NONE]
    drop, label = most_affected_class(np.zeros((2, 8)), np.ones(8), np.repeat([0, 1], 4))
    assert np.isnan(drop).all()
    assert label.tolist() == [NONE, NONE]


def test_most_affected_class_against_loops():
    random = np.random.default_rng(0)
    classes = random.integers(0, 4, 50)
    right, intact = random.integers(0, 2, (30, 50)).astype(float), random.integers(0, 2, 50).astype(float)
    drop, _ = most_affected_class(right, intact, classes)
    for row, found in zip(right, drop, strict=True):
        falls = [intact[classes == each].mean() - row[classes == each].mean() for each in range(4)]
        assert found == pytest.approx(max(0, *falls))


def test_units_are_removed_in_descending_order():
    criterion = np.array([0.2, np.nan, 0.9, 0.2, np.nan, 0.5])
    assert removal_order(criterion).tolist() == [2, 5, 0, 3, 1, 4]
    removed = removed_units(removal_order(criterion), 3)
    assert [np.flatnonzero(row).tolist() for row in removed] == [[], [2, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]


@given(st.integers(1, 40), st.integers(2, 30))
def test_steps_go_from_none_to_all(units, steps):
    removed = removed_units(np.random.default_rng(0).permutation(units), steps)
    assert removed.shape == (steps + 1, units)
    assert not removed[0].any()
    assert removed[-1].all()
    assert (removed[:-1] <= removed[1:]).all()
    assert (np.abs(removed.mean(1) - np.linspace(0, 1, steps + 1)) <= 0.5 / units + 1e-9).all()


def test_areas():
    shares = np.array([0, 0.3, 0.5, 1])
    curves = np.array([[1, 1, 1, 1], 1 - shares, [1, 0, 0, 0]])
    np.testing.assert_allclose(area_under(curves, shares), [1, 0.5, 0.15])


def test_chance_is_the_most_frequent_class():
    assert chance_accuracy(np.array([3, 1, 3, 3, 0])) == 0.6
    assert chance_accuracy(np.array([4, 4])) == 1


class Planted(nn.Module):
    """A network that returns the brightest of four channels, with a unit for each and one unused unit."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 5, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.classifier = nn.Linear(5, 4, bias=False)
        with torch.no_grad():
            self.conv.weight[:] = torch.cat([torch.eye(4), torch.ones(1, 4)])[:, :, None, None]
            self.classifier.weight[:] = 9 * torch.eye(5)[:4]

    def forward(self, images):
        return self.classifier(self.relu(self.conv(images)).mean((2, 3)))


@pytest.mark.parametrize("labeled", [True, False])
def test_the_unit_that_carries_a_class_costs_that_class_and_one_that_nothing_reads_costs_nothing(
    labeled, prepared_on
):
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 5)
    images = random.uniform(0.1, 0.4, (20, 4, 3, 3))
    images[np.arange(20), labels] += 1
    prepared = prepared_on(Planted(), torch.from_numpy(images[:3]).float())
    with torch.inference_mode():
        suffix = Suffix(prepared, *prepared.select(["relu"]))
        crossing = suffix.cross(torch.from_numpy(images).float())
        intact = run_intact(suffix, crossing, 8)
        base = compare(intact, intact, labels if labeled else None)
        answers = Answers(*(np.tile(each, (5, 1)) for each in base))
        changes = run_changes(suffix, crossing, np.eye(5, dtype=bool), torch.zeros(1, 1, 1, 1), 8)
        for change, image, logits in changes:
            now = compare(logits, intact[image], labels[image] if labeled else None)
            for values, of_images in zip(answers, now, strict=True):
                values[change, image] = of_images
    assert base.accuracy.all()
    drop, worst = most_affected_class(answers.accuracy, base.accuracy, intact.argmax(1))
    assert drop.tolist() == [1, 1, 1, 1, 0]
    assert worst.tolist() == [0, 1, 2, 3, NONE]
    np.testing.assert_allclose((answers.accuracy - base.accuracy).mean(1), [-0.25, -0.25, -0.25, -0.25, 0])
    np.testing.assert_allclose(answers.changed.mean(1), [0.25, 0.25, 0.25, 0.25, 0])
    cost = mean_of_rows(answers.loss - base.loss, 200, 0)
    assert (cost.low[:4] > 0.1).all()
    assert cost.value[4] == cost.low[4] == cost.high[4] == 0
