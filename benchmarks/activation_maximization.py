"""Activation maximization, beside plain forward and backward passes, and beside one unit at a time.

The layer is the CNN's last convolution. In each round, in turn and with one thread: all of its units in one
batch, as the rule ``activation_maximization`` makes their images; as many forward and backward passes of the
network up to that layer, with a batch of as many images, that keep nothing; and torch-lucent, which makes one
image at a time, for a few units, in a process of its own. Then, with a thread for each core, the time that
passes: a batch occupies all cores, a single image hardly more than one.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from benchmarks.common import Options, Row, case, cores, cpu_seconds, elapsed_seconds
from benchmarks.tools.workers import workers
from census.interventions.maximization import Maximization, Settings
from census.networks.device import keep_freed_memory

LAYER, LUCENT = "relu4", "torch-lucent"
# ours at most so many times as long as the passes alone; at most so large a share of one unit at a time
TIMES_BARE, SHARE_OF_SINGLE = 1.1, 1 / 5
SINGLE_UNITS = 4  # of which torch-lucent makes images


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    steps, rounds = (2, 1) if options.quick else (24, 3)
    # torch's own number is that of the benchmark before
    all_threads = cores()
    torch.set_num_threads(1)
    keep_freed_memory()
    with (
        options.temporary("activation_maximization") as folder,
        workers(("torch-lucent",), options, folder) as tools,
    ):
        this, lucent = case("cnn", 3, folder / "images.zarr"), tools["torch-lucent"]
        lucent.ask("load", what=this.network)
        network = this.network.requires_grad_(False)
        (layer,) = this.prepared.select([LAYER])
        shape = 1, this.entry["input"]["size"]
        settings = Settings(steps=steps, step_size=0.1, parametrization="pixels", jitter=0, seed=0)
        maximization = Maximization(this.prepared, layer, settings)
        units = np.arange(layer.shape[0])
        children = dict(network.named_children())
        names = list(children)[: list(children).index(LAYER) + 1]
        prefix = nn.Sequential(*(children[name] for name in names)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        single = {"layer": LAYER, "units": units[:SINGLE_UNITS].tolist(), "steps": steps, "size": shape[1]}

        works: dict[str, Callable[[], object]] = {
            "passes": lambda: _passes(prefix, (len(units), *shape, shape[1]), steps),
            "iam": lambda: maximization.optimize(units, np.zeros_like(units), "iam"),
            "am": lambda: maximization.optimize(units, np.zeros_like(units), "am"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in (*works, LUCENT)}
        together: dict[str, list[float]] = {name: [] for name in ("am", LUCENT)}
        # the first round warms caches up, and does not count
        for number in range(rounds + 1):
            found = {name: cpu_seconds(work) for name, work in works.items()}
            answer = lucent.ask("optimize", **single)
            found[LUCENT] = answer.cpu if answer else math.nan
            for name, value in found.items():
                if number:
                    seconds[name].append(value)
        torch.set_num_threads(all_threads)
        for _ in range(rounds):
            together["am"].append(elapsed_seconds(works["am"]))
            answer = lucent.ask("optimize", threads=all_threads, **single)
            together[LUCENT].append(answer.wall if answer else math.nan)
    yield Row(f"{len(units)} units of {LAYER}, {steps} steps, 1 thread: {this.origin}")
    yield Row("CPU time, IAM", seconds["iam"], "s")
    for name in ("iam", "am"):
        ratios = np.divide(seconds[name], seconds["passes"])
        yield Row(f"CPU time, {name.upper()} / passes alone", ratios.tolist(), "×", TIMES_BARE)
    if lucent.error is not None:
        yield lucent.row
        return
    for measured, words in ((seconds, "CPU time"), (together, f"time, {all_threads} threads")):
        one_by_one = np.array(measured[LUCENT]) / SINGLE_UNITS * len(units)
        ratios = np.divide(measured["am"], one_by_one)
        yield Row(f"{words}, AM / torch-lucent unit by unit", ratios.tolist(), "×", SHARE_OF_SINGLE)


def _passes(prefix: nn.Module, shape: tuple[int, ...], steps: int) -> None:
    """Run forward and backward up to the image, and do nothing with the gradient."""
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last).requires_grad_()
    for _ in range(steps):
        maps = prefix(images)
        torch.autograd.grad(maps.mean(), images)
