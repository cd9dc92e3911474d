"""Ablating each unit of each layer of the CNN, compared with whole forward passes with a hook.

Each round takes a part of the images. Passes with a hook, which take as long for any unit, are those of one
unit in eight, and count eight times. All begin with preprocessed images and end with logits.
"""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.common import Case, Options, Row, case, cpu_seconds, use_one_thread
from census.interventions.suffix import downstream_of, run_changes, run_intact
from census.networks.layers import Layer

BATCH = 64
FASTER, TIMES_BARE = 3, 1.1
HOOKED = 8  # one in so many units is ablated by a hook as well


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    n_images, rounds = (12, 2) if options.quick else (500, 4)
    use_one_thread()
    with options.temporary("ablation") as folder, torch.inference_mode():
        this = case("cnn", n_images, folder / "images.zarr")
        layers = [layer for layer in this.layers if layer.kind == "nonlinearity"]
        inputs = torch.cat([this.prepared.preprocess(pixels) for pixels in this.images.batches(BATCH)])
        this.prepared.network(inputs[:BATCH])  # warms caches up
        # (round, layer, 3)
        seconds = np.array(
            [
                [_seconds(this, layer, inputs[number::rounds], 8 if options.quick else 1) for layer in layers]
                for number in range(rounds)
            ]
        )
    n_units = sum(layer.shape[0] for layer in layers)
    yield Row(f"cnn, {n_units} units of {len(layers)} layers, {n_images} images, 1 thread: {this.origin}")
    ours, bare, hooks = seconds.sum(1).T
    yield Row("CPU time, only what lies downstream of the layer, all units", [ours.sum()], "s")
    yield Row(f"CPU time, whole passes with a hook, all units, from one in {HOOKED}", [hooks.sum()], "s")
    yield Row("CPU time / passes alone", ours / bare, "×", TIMES_BARE)
    yield Row("CPU time / whole passes with a hook", ours / hooks, "×", 1 / FASTER)
    for layer, of_layer in zip(layers, seconds.swapaxes(0, 1), strict=True):
        ratios = of_layer[:, 0] / of_layer[:, 2]
        yield Row(f"CPU time / whole passes with a hook, {layer.name}", ratios, "×")


def _seconds(this: Case, layer: Layer, images: torch.Tensor, every: int) -> tuple[float, float, float]:
    """Return CPU times: of ablating each ``every``-th unit, of as many passes downstream, and with a hook."""
    units = np.arange(0, layer.shape[0], every)
    changed = np.arange(layer.shape[0]) == units[:, None]
    batch = this.prepared.images_at_once(BATCH, since=layer)
    n_run = 0

    def downstream() -> None:
        nonlocal n_run
        suffix = downstream_of(this.prepared, layer)
        for some in images.split(batch):
            crossing = suffix.cross(some)
            run_intact(suffix, crossing, batch)
            for rows in run_changes(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), batch):
                n_run += len(rows.image)

    suffix = downstream_of(this.prepared, layer)
    crossing = suffix.cross(images[:batch])

    def bare() -> None:
        for _ in range(-(-n_run // batch)):
            suffix(crossing)

    def whole() -> None:
        module = this.prepared.network.get_submodule(layer.name)
        for unit in units[::HOOKED].tolist():

            def silence(_module: object, _inputs: object, output: torch.Tensor, unit: int = unit) -> None:
                output[:, unit] = 0

            hook = module.register_forward_hook(silence)
            for some in images.split(BATCH):
                this.prepared.network(some)
            hook.remove()

    hooked = len(units) / len(units[::HOOKED])
    return cpu_seconds(downstream), cpu_seconds(bare), hooked * cpu_seconds(whole)
