"""Objectives of activation maximization."""

import pytest
import torch

from census.interventions.objectives import activation, independent_activation

TARGETS = torch.tensor([-1.0, 3.0])
RESPONSES = torch.tensor([[0.0, 2.0, 4.0], [1.0, 5.0, 3.0]])
UNITS = torch.tensor([0, 2])


def test_activation_is_the_target():
    assert torch.equal(activation(TARGETS, RESPONSES, UNITS), TARGETS)


def test_the_mean_of_the_others_is_subtracted():
    # (2 + 4) / 2 and (1 + 5) / 2
    assert independent_activation(TARGETS, RESPONSES, UNITS).tolist() == [-1 - 3, 3 - 3]


def test_a_unit_alone_in_its_layer_has_no_others():
    found = independent_activation(torch.tensor([2.0]), torch.tensor([[2.0]]), torch.tensor([0]))
    assert found.item() == pytest.approx(2)
