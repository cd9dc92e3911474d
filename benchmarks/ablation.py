"""Taking every unit of every layer of the CNN out, one by one: beside whole forward passes with a hook.

Compared in turn: what the rule ``ablation`` does for each of the layers; as many batches through the part of
the network downstream of the layer, with unchanged values; and as many passes of the whole network, in which
a hook sets the unit to zero. Each round takes a part of the images; the passes with a hook take one unit in
eight, for whichever unit they take as long, and count eight times. Both begin with preprocessed images and
end with logits.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.common import Options, Row, case, cpu_seconds
from census.interventions.suffix import downstream_of, run_changes, run_intact
from census.networks.device import keep_freed_memory

BATCH = 64
FASTER, TIMES_BARE = 3, 1.1
HOOKED = 8  # one in so many units is ablated by a hook as well


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    n_images, rounds = (12, 2) if options.quick else (500, 4)
    # by round: ours, bare passes, whole passes with a hook
    seconds = np.zeros((rounds, 3))
    of_layers: dict[str, list[float]] = {}
    # with more, threads that wait for one another spin, and on a busy machine that is what would be measured
    torch.set_num_threads(1)
    keep_freed_memory()
    with options.temporary("ablation") as folder, torch.inference_mode():
        this = case("cnn", n_images, folder / "images.zarr")
        layers = [layer for layer in this.layers if layer.kind == "nonlinearity"]
        inputs = torch.cat([this.prepared.preprocess(pixels) for pixels in this.images.batches(BATCH)])
        network = this.network
        for number in range(rounds):
            some = inputs[number::rounds]
            for layer in layers:
                units = np.arange(0, layer.shape[0], 8 if options.quick else 1)
                changed = np.arange(layer.shape[0]) == units[:, None]
                batch = this.prepared.images_at_once(BATCH, since=layer)
                run: list[int] = []  # numbers of rows

                def behind(some=some, layer=layer, changed=changed, batch=batch, run=run) -> None:
                    suffix = downstream_of(this.prepared, layer)
                    for images in some.split(batch):
                        crossing = suffix.cross(images)
                        run_intact(suffix, crossing, batch)
                        for rows in run_changes(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), batch):
                            run.append(len(rows.image))

                suffix = downstream_of(this.prepared, layer)
                crossing = suffix.cross(inputs[:batch])

                def bare(suffix=suffix, crossing=crossing, batch=batch, run=run) -> None:
                    for _ in range(-(-sum(run) // batch)):
                        suffix(crossing)

                def whole(some=some, layer=layer, units=units) -> None:
                    module = network.get_submodule(layer.name)
                    for unit in units[::HOOKED].tolist():
                        hook = module.register_forward_hook(_silencing(unit))
                        for images in some.split(BATCH):
                            network(images)
                        hook.remove()

                if not number:  # warms caches up
                    network(inputs[:BATCH])
                times = len(units) / len(units[::HOOKED])
                taken = [cpu_seconds(behind), cpu_seconds(bare), times * cpu_seconds(whole)]
                of_layers.setdefault(layer.name, []).append(taken[0] / taken[2])
                seconds[number] += taken
    n_units = sum(layer.shape[0] for layer in layers)
    yield Row(f"cnn, {n_units} units of {len(layers)} layers, {n_images} images, 1 thread: {this.origin}")
    ours, bare_passes, hooks = seconds.T
    yield Row("CPU time, only what lies downstream of the layer, all units", [ours.sum()], "s")
    yield Row(f"CPU time, whole passes with a hook, all units, from one in {HOOKED}", [hooks.sum()], "s")
    yield Row("CPU time / passes alone", (ours / bare_passes).tolist(), "×", TIMES_BARE)
    yield Row("CPU time / whole passes with a hook", (ours / hooks).tolist(), "×", 1 / FASTER)
    for name, found in of_layers.items():
        yield Row(f"CPU time / whole passes with a hook, {name}", found, "×")


def _silencing(unit: int) -> Callable[..., None]:
    """Return a hook that sets a unit to zero in what a module gives."""

    def hook(_module: object, _inputs: object, output: torch.Tensor) -> None:
        output[:, unit] = 0

    return hook
