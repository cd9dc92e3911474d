"""Ascent to units of a layer: beside a bare forward and backward pass, and beside one unit at a time.

The layer is the CNN's last convolution. In each round, in turn and with one thread: all of its units in one
batch, as the rule ``ascent`` makes their pictures; as many forward and backward passes of the network up to
that layer, with a batch of as many images, that keep nothing; and torch-lucent, which makes one picture at a
time, for a few units. Then, with as many threads as torch takes by itself, the time that passes: a batch
occupies all cores, a single picture hardly more than one.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from benchmarks.common import Options, Row, case, cpu_seconds, elapsed_seconds
from census.ascent.ascend import Ascent, Settings
from census.networks.device import keep_freed_memory
from census.networks.graph import trace
from census.networks.operators import torchvision_ready
from census.networks.preprocess import Preprocess

LAYER = "relu4"
# ours at most so many times as long as the passes alone; at most so large a share of one unit at a time
TIMES_BARE, SHARE_OF_SINGLE = 1.2, 1 / 5
SINGLE_UNITS = 4  # of which torch-lucent makes pictures


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    steps, rounds = (2, 1) if options.quick else (24, 5)
    all_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed_memory()
    with options.temporary("ascent") as folder:
        this = case("cnn", 3, folder / "images.zarr")
    # as it comes: torch-lucent leaves the weights' gradients to its user
    theirs = copy.deepcopy(this.network)
    network = this.network.requires_grad_(False)
    layer = next(each for each in this.layers if each.name == LAYER)
    shape = 1, this.entry["input"]["size"]
    settings = Settings(steps=steps, step_size=0.1, parametrization="pixels", jitter=0, seed=0)
    ascent = Ascent(trace(network), layer, Preprocess(this.entry["input"]), shape, settings)
    units = np.arange(layer.shape[0])
    children = dict(network.named_children())
    prefix = nn.Sequential(*(children[name] for name in list(children)[: list(children).index(LAYER) + 1]))
    prefix = prefix.to(memory_format=torch.channels_last)

    works: dict[str, Callable[[], object]] = {
        "passes": lambda: _passes(prefix, (len(units), *shape, shape[1]), steps),
        "iam": lambda: ascent.climb(units, np.zeros_like(units), "iam"),
        "am": lambda: ascent.climb(units, np.zeros_like(units), "am"),
        "lucent": lambda: _lucent(theirs, shape[1], units[:SINGLE_UNITS], steps),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    # the first round warms caches up, and does not count
    for number in range(rounds + 1):
        for name, work in works.items():
            taken = cpu_seconds(work)
            if number:
                seconds[name].append(taken)
    torch.set_num_threads(all_threads)
    for _ in range(rounds):
        for name in ("am", "lucent"):
            seconds.setdefault(f"{name}, all threads", []).append(elapsed_seconds(works[name]))
    yield Row(f"{len(units)} units of {LAYER}, {steps} steps, 1 thread: {this.origin}")
    yield Row("CPU time, IAM", seconds["iam"], "s")
    for name in ("iam", "am"):
        ratios = np.divide(seconds[name], seconds["passes"])
        yield Row(f"CPU time, {name.upper()} / passes alone", ratios.tolist(), "×", TIMES_BARE)
    for threads, words in (("", "CPU time"), (", all threads", f"time, {all_threads} threads")):
        single = np.array(seconds[f"lucent{threads}"]) / SINGLE_UNITS * len(units)
        ratios = np.divide(seconds[f"am{threads}"], single)
        yield Row(f"{words}, AM / torch-lucent unit by unit", ratios.tolist(), "×", SHARE_OF_SINGLE)


def _passes(prefix: nn.Module, shape: tuple[int, ...], steps: int) -> None:
    """Run forward and backward up to the image, and do nothing with the gradient."""
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last).requires_grad_()
    for _ in range(steps):
        maps = prefix(images)
        torch.autograd.grad(maps.mean(), images)


def _lucent(network: nn.Module, size: int, units: np.ndarray, steps: int) -> None:
    """Make pictures with torch-lucent: plain pixels, no transformations, its own optimizer."""
    torchvision_ready()
    from lucent.optvis import param, render

    for unit in units:
        render.render_vis(
            network,
            f"{LAYER}:{unit}",
            param_f=lambda: param.image(size, fft=False, decorrelate=False, channels=1),
            transforms=[],
            fixed_image_size=size,
            thresholds=(steps,),
            preprocess=False,
            progress=False,
            show_image=False,
        )
