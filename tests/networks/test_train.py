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


class Killed(Exception):
    pass


def kill(checkpoint, step):
    if step == 11:  # the last state was saved at step 10, the end of an epoch
        raise Killed


def training(tmp_path, identity="a", seed=0, precision="float32", device="cpu", **changes):
    torch.manual_seed(5)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    return Training(
        network,
        Preprocess(INPUT),
        {**ENTRY, **changes},
        seed,
        tmp_path / "state.pt",
        identity,
        device,
        precision,
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

    with pytest.raises(Killed):
        run(tmp_path / "killed", keep=kill, **options)
    steps = []
    history, kept = run(tmp_path / "killed", keep=lambda checkpoint, step: steps.append(step), **options)
    assert steps == [11, 30]  # it went on, and did not begin anew
    assert history == whole_history
    assert equal(kept["final"][1], whole["final"][1])


@pytest.mark.gpu
def test_an_interrupted_training_on_a_gpu_ends_as_an_uninterrupted_one(tmp_path):
    whole_history, whole = run(tmp_path / "whole", device="cuda")
    with pytest.raises(Killed):
        run(tmp_path / "killed", keep=kill, device="cuda")
    history, kept = run(tmp_path / "killed", device="cuda")
    assert history == whole_history
    assert equal(kept["final"][1], whole["final"][1])


def test_random_numbers_of_a_gpu_are_those_of_its_own_generator(tmp_path, monkeypatch):
    generator = torch.arange(16, dtype=torch.uint8)
    restored = []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: generator.clone())
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: restored.append((state, device)))
    # without a GPU, nothing can be loaded onto one
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda path, map_location, **how: load(path, **how))
    first, second = (training(tmp_path, device="cuda") for _ in range(2))
    first._save(*first._optimizer(30), 10, [], [0.0, 0.0, 0.0])
    assert second._resume(*second._optimizer(30))[0] == 10
    ((state, device),) = restored
    assert torch.equal(state, generator)
    assert device == "cuda"


def test_a_state_without_random_numbers_of_a_gpu_is_resumed(tmp_path):
    whole_history, _ = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "killed", keep=kill)
    state = torch.load(tmp_path / "killed" / "state.pt", weights_only=True)
    assert state.pop("cuda_random") is None  # as saved before the key existed
    torch.save(state, tmp_path / "killed" / "state.pt")
    steps = []
    history, _ = run(tmp_path / "killed", keep=lambda checkpoint, step: steps.append(step))
    assert steps == [11, 30]
    assert history == whole_history


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


def normalizing(extent):
    """A network that normalizes batches; whose maps have an extent, or not."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(extent), nn.BatchNorm2d(4), nn.Flatten())


class OfBatch(nn.Module):
    """A network that divides by the deviation within a batch: NaN for one image, and nothing is raised."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 4)

    def forward(self, images):
        values = self.linear(images.flatten(1))
        return values / values.std(0) if self.training else values


def train_on(tmp_path, network, count, batch):
    entry = {**ENTRY, "batch": batch, "checkpoints": []}
    kept = []
    Training(network, Preprocess(INPUT), entry, 0, tmp_path / "state.pt", "a").run(
        *((pixels[:count], labels[:count]) for pixels, labels in (TRAIN, TEST)),
        lambda name, step, state: kept.append({key: value.clone() for key, value in state.items()}),
    )
    return kept


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize(
    ("make", "count", "batch", "way_out"),
    [
        (lambda: normalizing(1), 13, 12, "set it to 11,"),
        (lambda: normalizing(1), 7, 3, "set it to 4,"),
        (lambda: normalizing(1), 5, 1, "set it to 3,"),
        (lambda: normalizing(1), 1, 16, "give more images"),
        (OfBatch, 13, 12, "set it to 11,"),
    ],
)
def test_a_batch_of_one_is_refused_before_training(tmp_path, make, count, batch, way_out):
    with pytest.raises(
        StudyError, match=rf"^training\.batch: is {batch}, so that of {count} images .* single .*; {way_out}"
    ):
        train_on(tmp_path, make(), count, batch)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_one_is_taken_where_that_works(tmp_path):
    # of maps with an extent there are several values
    assert train_on(tmp_path, normalizing(2), 13, 12)
    assert train_on(tmp_path, normalizing(1), 14, 12)


def test_the_trial_of_a_batch_changes_nothing(tmp_path, monkeypatch):
    ends = []
    for with_trial in (True, False):
        if not with_trial:
            monkeypatch.setattr(Training, "_refuse_a_lonely_image", lambda *_: None)
        torch.manual_seed(3)
        network = nn.Sequential(normalizing(2), nn.Dropout(0.3))
        ends.append(train_on(tmp_path, network, 13, 12)[-1])
    for name, values in ends[0].items():
        assert torch.equal(values, ends[1][name]), name


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_few_steps_are_a_training_too(tmp_path, steps):
    assert len(run(tmp_path, epochs=steps, batch=150, checkpoints=[])[0]) == steps


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
    center = shifted[:, 8, 8]  # never from outside the image
    assert (center > 0).all()
    assert (shifted == 0).any()
