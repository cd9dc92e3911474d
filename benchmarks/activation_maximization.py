"""Activation maximization of a layer's units in one batch, compared with passes alone, and unit by unit.

torch-lucent, in a process of its own, makes one image at a time, for a few units.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks.common import Options, Row, case, cores, cpu_seconds, elapsed_seconds, in_turn, use_one_thread
from benchmarks.tools.workers import workers
from census.interventions.maximization import Maximization, Settings

LAYER, LUCENT = "relu4", "torch-lucent"
# ours at most so many times as long as the passes alone; at most so large a share of one unit at a time
TIMES_BARE, SHARE_OF_SINGLE = 1.1, 1 / 5
SINGLE_UNITS = 4  # of which torch-lucent makes images


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    steps, rounds = (2, 1) if options.quick else (24, 3)
    use_one_thread()
    with options.temporary("activation_maximization") as folder, workers([LUCENT], options, folder) as tools:
        this, lucent = case("cnn", 3, folder / "images.zarr", [LAYER]), tools[LUCENT]
        lucent.ask("load", what=this.prepared.network)
        network, (layer,) = this.prepared.network.requires_grad_(False), this.layers
        size = this.entry["input"]["size"]
        settings = Settings(steps=steps, step_size=0.1, parametrization="pixels", jitter=0, seed=0)
        maximization = Maximization(this.prepared, layer, settings)
        units = np.arange(layer.shape[0])
        names = [name for name, _ in network.named_children()]
        prefix = network[: names.index(LAYER) + 1].to(memory_format=torch.channels_last)
        single = {"layer": LAYER, "units": units[:SINGLE_UNITS].tolist(), "steps": steps, "size": size}
        optimize = partial(maximization.optimize, units, np.zeros_like(units))
        works = {
            "passes": partial(_passes, prefix, (len(units), 1, size, size), steps),
            "iam": partial(optimize, "iam"),
            "am": partial(optimize, "am"),
        }
        timed = {name: partial(cpu_seconds, work) for name, work in works.items()}
        seconds = in_turn(rounds, {**timed, LUCENT: lambda: lucent.seconds("optimize", **single)[0]})
        threads = cores()
        torch.set_num_threads(threads)
        timed = {
            "am": partial(elapsed_seconds, works["am"]),
            LUCENT: lambda: lucent.seconds("optimize", threads=threads, **single)[1],
        }
        together = in_turn(rounds, timed, warm_up=False)
    yield Row(f"{len(units)} units of {LAYER}, {steps} steps, 1 thread: {this.origin}")
    yield Row("CPU time, IAM", seconds["iam"], "s")
    for name in ("iam", "am"):
        ratios = np.divide(seconds[name], seconds["passes"])
        yield Row(f"CPU time, {name.upper()} / passes alone", ratios, "×", TIMES_BARE)
    if lucent.error is not None:
        yield lucent.row
        return
    for measured, words in ((seconds, "CPU time"), (together, f"time, {threads} threads")):
        one_by_one = np.array(measured[LUCENT]) / SINGLE_UNITS * len(units)
        ratios = np.divide(measured["am"], one_by_one)
        yield Row(f"{words}, AM / torch-lucent unit by unit", ratios, "×", SHARE_OF_SINGLE)


def _passes(prefix: nn.Module, shape: tuple[int, ...], steps: int) -> None:
    """Run forward and backward up to the image, and do nothing with the gradient."""
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last).requires_grad_()
    for _ in range(steps):
        maps = prefix(images)
        torch.autograd.grad(maps.mean(), images)
