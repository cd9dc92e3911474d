"""Taking every unit of every layer of the CNN out, one by one: beside whole forward passes with a hook.

Compared in turn: what the rule ``ablation`` does for each of the layers; and as many passes of the whole
network, in which a hook sets the unit to zero. Each round takes a part of each layer's units, so that all
rounds together take each unit once; of these, the passes with a hook take one in eight, for whichever unit
they take as long, and count eight times. Both begin with preprocessed images and end with logits.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.common import Options, Row, case, cpu_seconds
from census.interventions.suffix import downstream_of, run_changes, run_intact
from census.networks.device import keep_freed_memory

BATCH = 64
FASTER = 3
HOOKED = 8  # one in so many units is ablated by a hook as well


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    n_images, rounds, parts = (12, 2, 16) if options.quick else (500, 4, 4)
    ours: list[float] = []
    hooks: list[float] = []
    of_layers: dict[str, list[float]] = {}
    # with more, threads that wait for one another spin, and on a busy machine that is what would be measured
    torch.set_num_threads(1)
    keep_freed_memory()
    with options.temporary("ablation") as folder, torch.inference_mode():
        this = case("cnn", n_images, folder / "images.zarr")
        layers = [layer for layer in this.layers if layer.kind == "nonlinearity"]
        inputs = [this.prepared.preprocess(pixels) for pixels in this.images.batches(BATCH)]
        network = this.network
        for number in range(rounds):
            taken = np.zeros(2)
            for layer in layers:
                units = np.arange(number, layer.shape[0], parts)
                changed = np.arange(layer.shape[0]) == units[:, None]

                def behind(layer=layer, changed=changed) -> None:
                    suffix = downstream_of(this.prepared, layer)
                    for images in inputs:
                        crossing = suffix.cross(images)
                        run_intact(suffix, crossing, BATCH)
                        for _ in run_changes(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), BATCH):
                            pass

                def whole(layer=layer, units=units) -> None:
                    module = network.get_submodule(layer.name)
                    for unit in units[::HOOKED].tolist():
                        hook = module.register_forward_hook(_silencing(unit))
                        for images in inputs:
                            network(images)
                        hook.remove()

                if not number:  # warms caches up
                    network(inputs[0])
                times = len(units) / len(units[::HOOKED])
                both = np.array([cpu_seconds(behind), times * cpu_seconds(whole)])
                of_layers.setdefault(layer.name, []).append(both[0] / both[1])
                taken += both
            ours.append(taken[0])
            hooks.append(taken[1])
    n_units = sum(layer.shape[0] for layer in layers)
    yield Row(f"cnn, {n_units} units of {len(layers)} layers, {n_images} images, 1 thread: {this.origin}")
    yield Row("CPU time, only what lies downstream of the layer, all units", [sum(ours)], "s")
    yield Row(f"CPU time, whole passes with a hook, all units, from one in {HOOKED}", [sum(hooks)], "s")
    ratios = [mine / theirs for mine, theirs in zip(ours, hooks, strict=True)]
    yield Row("CPU time / whole passes with a hook", ratios, "×", 1 / FASTER)
    for name, found in of_layers.items():
        yield Row(f"CPU time / whole passes with a hook, {name}", found, "×")


def _silencing(unit: int) -> Callable[..., None]:
    """Return a hook that sets a unit to zero in what a module gives."""

    def hook(_module: object, _inputs: object, output: torch.Tensor) -> None:
        output[:, unit] = 0

    return hook
