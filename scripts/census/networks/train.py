"""Train a network on a labeled data set: seeded, resumable, with checkpoints on the way."""

import contextlib
import copy
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from census.errors import StudyError
from census.jobs import progress_bar
from census.networks.layout import place_network
from census.networks.preprocess import Preprocess
from census.networks.running import Part, logits_of
from census.statistics.streams import stream

LOWEST_MOMENTUM, HIGHEST_MOMENTUM = 0.85, 0.95  # of the one-cycle schedule
EVALUATION_BATCH = 500


class Diverged(StudyError):
    """The loss of a training is no longer finite."""


class Training:
    """The training of one network, which can be stopped at any moment and taken up again.

    The order of images and their augmentation follow from the seed and the epoch alone, so that a training
    that was interrupted ends with the weights of one that was not.

    Parameters
    ----------
    network : the network, with its random weights.
    preprocess : how images become input.
    entry : the network's ``training`` in the config.
    seed : seed of the order of images and of their augmentation.
    state : file that keeps the unfinished training; it is removed at the end.
    identity : digest of all that decides the result; a state of another identity is ignored.
    device : ``cpu`` or ``cuda``.
    precision : ``float32`` or ``bfloat16``, of the forward and backward pass.
    key : the network's key in the config, for messages.
    logits : see :func:`census.networks.running.logits_of`.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocess: Preprocess,
        entry: Mapping[str, Any],
        seed: int,
        state: Path,
        identity: str,
        device: str = "cpu",
        precision: str = "float32",
        key: str = "network",
        logits: Part = None,
    ) -> None:
        self._network, self._key, self._logits = network, key, logits
        self._preprocess, self._entry, self._seed = preprocess, entry, seed
        self._state, self._identity = state, identity
        self._device, self._precision = device, precision
        self._on_cuda = torch.device(device).type == "cuda"

    def run(
        self,
        train: tuple[np.ndarray, np.ndarray],
        test: tuple[np.ndarray, np.ndarray],
        keep: Callable[[str, int, Mapping[str, Tensor]], None],
        state_every: int = 100,
    ) -> list[dict[str, float]]:
        """Train to the end.

        Parameters
        ----------
        train, test : pixels arrays of uint8, shape (n, height, width, n_channels) and labels arrays of int,
            shape (n,).
        keep : called with a checkpoint's name, step and weights, in order of steps; ``final`` comes last.
            What was kept before a training was interrupted is not kept again.
        state_every : steps between savings of the unfinished training.

        Returns
        -------
        one record per epoch: epoch, step, learning_rate, train_loss, train_accuracy, test_loss,
        test_accuracy; losses are cross-entropies in nats, accuracies shares.

        Raises
        ------
        StudyError : a checkpoint lies beyond the last step, or the network cannot learn from a single image,
            which is the last batch of an epoch.
        Diverged : the loss is no longer finite.
        """
        pixels, labels = train
        steps_per_epoch = math.ceil(len(pixels) / self._entry["batch"])
        total = steps_per_epoch * self._entry["epochs"]
        beyond = [step for step in self._entry["checkpoints"] if step >= total]
        if beyond:
            raise StudyError(
                f"training.checkpoints: step {beyond[0]} is not before the last step, {total}; "
                "leave it out, or train for more epochs"
            )
        tried = self._preprocess(pixels[:2], self._device)
        self._preprocess.layout = place_network(
            self._network.eval(), tried, self._device, self._key, self._logits
        )
        self._refuse_a_lonely_image(pixels, labels)
        optimizer, schedule = self._optimizer(total)
        step, history, sums = self._resume(optimizer, schedule)
        checkpoints = set(self._entry["checkpoints"])
        if step == 0 and 0 in checkpoints:
            keep("0", 0, self._network.state_dict())
        with progress_bar("training", total, "steps", step) as progress:
            while step < total:
                epoch, first = divmod(step, steps_per_epoch)
                self._network.train()
                for images, targets in self._batches(pixels, labels, epoch, first):
                    loss, correct = self._step(images, targets, optimizer)
                    schedule.step()
                    step += 1
                    if not math.isfinite(loss):
                        raise Diverged(
                            f"training: the loss is {loss} after step {step}; lower training.learning_rate"
                        )
                    sums = [sums[0] + loss * len(targets), sums[1] + correct, sums[2] + len(targets)]
                    progress.update()
                    if step in checkpoints:
                        keep(str(step), step, self._network.state_dict())
                    if step % state_every == 0 and step % steps_per_epoch:
                        self._save(optimizer, schedule, step, history, sums)
                test_loss, test_accuracy = self.evaluate(*test)
                history.append(
                    {
                        "epoch": epoch + 1,
                        "step": step,
                        "learning_rate": float(schedule.get_last_lr()[0]),
                        "train_loss": sums[0] / sums[2],
                        "train_accuracy": sums[1] / sums[2],
                        "test_loss": test_loss,
                        "test_accuracy": test_accuracy,
                    }
                )
                progress.set_postfix(test_accuracy=f"{test_accuracy:.4f}")
                sums = [0.0, 0.0, 0.0]
                self._save(optimizer, schedule, step, history, sums)
        keep("final", step, self._network.state_dict())
        return history

    def evaluate(self, pixels: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return the mean cross-entropy, in nats, and the accuracy on images and their labels."""
        self._network.eval()
        loss = correct = 0.0
        with torch.inference_mode(), self._autocast():
            for first in range(0, len(pixels), EVALUATION_BATCH):
                images = self._preprocess(pixels[first : first + EVALUATION_BATCH], self._device)
                targets = self._targets(labels[first : first + EVALUATION_BATCH])
                logits = self._answer(images)
                loss += F.cross_entropy(logits, targets, reduction="sum").item()
                correct += (logits.argmax(1) == targets).sum().item()
        return loss / len(pixels), correct / len(pixels)

    def _answer(self, images: Tensor) -> Tensor:
        return logits_of(self._network(images), len(images), self._key, self._logits).float()

    def _refuse_a_lonely_image(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        """Raise if some batch is of one image, and the network learns of two, but not of one.

        Batch normalization of values without extent is such a network: one value has no deviation.
        """
        batch, n_images = self._entry["batch"], len(pixels)
        if min(batch, n_images) != 1 and n_images % batch != 1:
            return
        pair = np.resize(np.arange(n_images), 2)
        if self._learns_of(pixels[pair], labels[pair]) and not self._learns_of(pixels[:1], labels[:1]):
            fitting = [size for size in range(2, n_images + 1) if n_images % size != 1]
            nearest = min(fitting, key=lambda size: abs(size - batch), default=None)
            way_out = f"set it to {nearest}, for example" if nearest else "give more images"
            raise StudyError(
                f"training.batch: is {batch}, so that of {n_images} images the last batch has a single one, "
                f"on which this network cannot be trained (batch normalization needs two); {way_out}"
            )

    def _learns_of(self, pixels: np.ndarray, labels: np.ndarray) -> bool:
        """Return whether a batch gives a finite loss; the network stays as it is."""
        with torch.random.fork_rng(), torch.no_grad(), self._autocast():
            try:
                network = copy.deepcopy(self._network).train()
                answer = network(self._preprocess(pixels, self._device))
                logits = logits_of(answer, len(pixels), self._key, self._logits).float()
                return math.isfinite(F.cross_entropy(logits, self._targets(labels)).item())
            except Exception:  # networks of the user's raise all kinds
                return False

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        return torch.autocast(self._device, torch.bfloat16, enabled=self._precision == "bfloat16")

    def _targets(self, labels: np.ndarray) -> Tensor:
        return torch.from_numpy(labels.astype(np.int64)).to(self._device)

    def _optimizer(self, total: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        entry, parameters = self._entry, self._network.parameters()
        optimizer: torch.optim.Optimizer
        # fused: one reading of the weights per step; the MLP trains in two thirds of the time
        if entry["optimizer"] == "sgd":
            optimizer = torch.optim.SGD(
                parameters,
                lr=entry["learning_rate"],
                momentum=HIGHEST_MOMENTUM,
                nesterov=True,
                weight_decay=entry["weight_decay"],
                fused=True,
            )
        else:
            optimizer = torch.optim.AdamW(
                parameters, lr=entry["learning_rate"], weight_decay=entry["weight_decay"], fused=True
            )
        # one step more than there are: the schedule is advanced after the last one, too
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            entry["learning_rate"],
            total_steps=total + 1,
            # a quarter of four steps: a rise without extent, by which torch divides
            pct_start=0.5 if total == 3 else 0.25,
            base_momentum=LOWEST_MOMENTUM,
            max_momentum=HIGHEST_MOMENTUM,
        )
        return optimizer, schedule

    def _batches(
        self, pixels: np.ndarray, labels: np.ndarray, epoch: int, first: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch from its step ``first`` on."""
        size = self._entry["batch"]
        order = np.random.default_rng([self._seed, epoch]).permutation(len(pixels))
        for step in range(first, math.ceil(len(pixels) / size)):
            chosen = order[step * size : (step + 1) * size]
            images = pixels[chosen]
            if self._entry["augment"] != "none":
                images = _augment(
                    images, self._entry["augment"], stream(self._seed, "augmentation", epoch, step)
                )
            yield self._preprocess(images, self._device), self._targets(labels[chosen])

    def _step(self, images: Tensor, targets: Tensor, optimizer: torch.optim.Optimizer) -> tuple[float, int]:
        with self._autocast():
            logits = self._answer(images)
            loss = F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item(), int((logits.argmax(1) == targets).sum().item())

    def _save(
        self,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        step: int,
        history: list[dict[str, float]],
        sums: list[float],
    ) -> None:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        partial = self._state.with_suffix(".partial")
        torch.save(
            {
                "identity": self._identity,
                "network": self._network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "step": step,
                "history": history,
                "sums": sums,
                "torch_random": torch.get_rng_state(),  # of dropout
                "cuda_random": torch.cuda.get_rng_state(self._device) if self._on_cuda else None,
            },
            partial,
        )
        partial.replace(self._state)

    def _resume(
        self, optimizer: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler
    ) -> tuple[int, list[dict[str, float]], list[float]]:
        """Return the step to go on from, the history so far, and the sums of the unfinished epoch."""
        torch.manual_seed(self._seed)
        try:
            state: dict[str, Any] = torch.load(self._state, map_location=self._device, weights_only=True)
        except FileNotFoundError:
            state = {"identity": None}
        except Exception as error:  # damage shows as any of a dozen types
            warnings.warn(f"{self._state} is damaged ({error}); training begins anew", stacklevel=2)
            state = {"identity": None}
        if state["identity"] != self._identity:
            return 0, [], [0.0, 0.0, 0.0]
        self._network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["torch_random"].cpu())
        # a state saved on a CPU, or by an earlier version, has none
        of_cuda = state.get("cuda_random")
        if self._on_cuda and of_cuda is not None:
            torch.cuda.set_rng_state(of_cuda.cpu(), self._device)
        return state["step"], state["history"], state["sums"]


def _augment(images: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray:
    """Mirror half of the images, and shift each by up to four pixels where ``kind`` says so.

    Parameters
    ----------
    images : array of uint8, shape (n, height, width, n_channels).
    kind : ``flip`` or ``crop-flip``.
    """
    count, height, width = images.shape[:3]
    mirrored = np.asarray(random.random(count) < 0.5)
    result = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    if kind == "crop-flip":
        padded = np.pad(result, ((0, 0), (4, 4), (4, 4), (0, 0)))
        y, x = random.integers(0, 9, (2, count))
        rows, columns = y[:, None] + np.arange(height), x[:, None] + np.arange(width)
        result = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return result
