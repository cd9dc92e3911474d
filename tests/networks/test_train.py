"""Training: it learns, follows from its seed, and can be interrupted anywhere."""

import numpy as np
import pytest
import torch
from torch import nn

from census.errors import StudyError
from census.networks.preprocess import Preprocess
from census.networks.train import Training, _augment

INPUT = {"size": 8, "resize": None, "color": "gray", "range": 1, "mean": [0.5], "std": [0.5]}
ENTRY = {
    "epochs": 3,
    "batch": 16,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "weight_decay": 0.0,
    "augment": "none",
    "checkpoints": [0, 2, 11],
}


def images(count, seed):
    """Images whose class is the brighter half: 0 left, 1 right."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count).astype("i4")
    pixels = random.integers(0, 120, (count, 8, 8, 1))
    for pixel, label in zip(pixels, labels, strict=True):
        pixel[:, 4 * label : 4 * label + 4] += 120
    return pixels.astype(np.uint8), labels


TRAIN, TEST = images(150, 1), images(60, 2)  # the tenth and last batch of an epoch is smaller


def training(tmp_path, identity="a", seed=0, precision="float32", **changes):
    torch.manual_seed(5)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    return Training(
        network,
        Preprocess(INPUT),
        {**ENTRY, **changes},
        seed,
        tmp_path / "state.pt",
        identity,
        precision=precision,
    )


def run(tmp_path, keep=None, **options):
    kept = {}

    def note(checkpoint, step, state):
        kept[checkpoint] = (step, {name: value.clone() for name, value in state.items()})
        if keep:
            keep(checkpoint, step)

    history = training(tmp_path, **options).run(TRAIN, TEST, note, state_every=4)
    return history, kept


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_it_learns_and_tells(tmp_path):
    history, kept = run(tmp_path)
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert [record["step"] for record in history] == [10, 20, 30]
    assert history[-1]["test_accuracy"] > 0.95
    assert history[-1]["test_loss"] < history[0]["train_loss"]
    assert {name: step for name, (step, _) in kept.items()} == {"0": 0, "2": 2, "11": 11, "final": 30}


def test_it_learns_in_bfloat16(tmp_path):
    history, kept = run(tmp_path, precision="bfloat16")
    assert history[-1]["test_accuracy"] > 0.95
    assert not equal(kept["final"][1], run(tmp_path / "float32")[1]["final"][1])
    assert {value.dtype for value in kept["final"][1].values()} == {torch.float32}


def test_checkpoint_0_is_the_untrained_network(tmp_path):
    torch.manual_seed(5)
    untrained = nn.Linear(64, 8)
    _, kept = run(tmp_path)
    assert torch.equal(kept["0"][1]["1.weight"], untrained.weight)
    assert not torch.equal(kept["2"][1]["1.weight"], untrained.weight)


def test_the_seed_decides_everything(tmp_path):
    finals = [run(tmp_path / name, seed=seed)[1]["final"][1] for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    assert equal(finals[0], finals[1])
    assert not equal(finals[0], finals[2])


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(tmp_path, augment, optimizer):
    options = {"augment": augment, "optimizer": optimizer}
    whole_history, whole = run(tmp_path / "whole", **options)

    class Killed(Exception):
        pass

    def kill(checkpoint, step):
        if step == 11:  # the last state was saved at step 10, the end of an epoch
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path / "killed", keep=kill, **options)
    steps = []
    history, kept = run(tmp_path / "killed", keep=lambda checkpoint, step: steps.append(step), **options)
    assert steps == [11, 30]  # it went on, and did not begin anew
    assert history == whole_history
    assert equal(kept["final"][1], whole["final"][1])


def test_a_state_of_another_training_is_ignored(tmp_path):
    run(tmp_path)
    _, kept = run(tmp_path, identity="b")
    assert kept["0"][0] == 0


def test_a_damaged_state_is_ignored(tmp_path):
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.warns(UserWarning, match="is damaged .* training begins anew"):
        assert len(run(tmp_path)[0]) == 3


def test_a_checkpoint_beyond_the_end_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"training\.checkpoints: step 30 is not before the last step, 30"):
        run(tmp_path, checkpoints=[0, 30])


def test_a_diverging_training_says_so(tmp_path):
    with pytest.raises(StudyError, match=r"the loss is .* after step .*lower training\.learning_rate"):
        run(tmp_path, learning_rate=1e30)


def test_evaluation_by_hand(tmp_path):
    tested = training(tmp_path)
    loss, accuracy = tested.evaluate(*TEST)
    network = tested._network.eval()
    logits = network(Preprocess(INPUT)(TEST[0])).detach().double().numpy()
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert loss == pytest.approx(-log_p[np.arange(60), TEST[1]].mean(), rel=1e-5)
    assert accuracy == (logits.argmax(1) == TEST[1]).mean()


def test_augmentation_mirrors_half_and_shifts_within_four_pixels():
    pixels = np.random.default_rng(0).integers(1, 256, (400, 16, 16, 3), dtype=np.uint8)
    mirrored = _augment(pixels, "flip", np.random.default_rng(0))
    same = (mirrored == pixels).all((1, 2, 3))
    assert (mirrored[~same] == pixels[~same, :, ::-1]).all()
    assert 150 < same.sum() < 250
    shifted = _augment(pixels, "crop-flip", np.random.default_rng(0))
    assert shifted.shape == pixels.shape
    assert shifted.dtype == np.uint8
    centre = shifted[:, 8, 8]  # never from outside the image
    assert (centre > 0).all()
    assert (shifted == 0).any()
