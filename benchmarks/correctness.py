"""Whether tools are right: four questions that have a known answer, put to the library and to others.

The table has the result of each tool, and its difference from the right one, for which only the library has
targets.
"""

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import Case, Options, Row, case
from benchmarks.tools.handing import Handed
from benchmarks.tools.workers import workers
from census.networks.preprocess import Preprocess
from census.recording.passes import shard_name
from census.recording.shards import merge_shards
from census.statistics.cka import debiased_cka
from census.stores.reading import open_store

# with a layer downstream, or a tool may not run what overwrites it
CONVOLUTION, DOWNSTREAM = "features.0", "features.2"
TOOLS = ("captum", "torchlens", "torchvision")
# of a share; what float32 sums in another order may turn
OFF = 0.001
# tools that store data sets
STORING = ("ours", "captum", "torchlens")
# of the layer's largest value: what float32 sums in another order may differ by
ROUNDING = 1e-4
# of CKA's median over seeds: three standard errors, about, with 50 images
CHANCE = 0.02
SHAPES = ((50, 50), (50, 1000))


def rows(options: Options) -> Iterator[Row]:
    """Put the questions."""
    torch.set_num_threads(1)
    for name, question in (("in-place", _in_place), ("dataset", _dataset), ("chance", _chance)):
        with options.temporary(name) as folder:
            yield from question(options, folder)


def _target(label: str, most: float) -> float | None:
    """Return how wrong the tool of a label may be at most; None for others than the library."""
    return most if label.partition(",")[0] == "ours" else None


def _output(network: torch.nn.Module, layer: str, images: torch.Tensor) -> NDArray[np.float32]:
    """Return what a plain forward hook gets of a module."""
    given: list[torch.Tensor] = []
    module = network.get_submodule(layer)
    handle = module.register_forward_hook(lambda _module, _inputs, output: given.append(output))
    with torch.inference_mode():
        network(images)
    handle.remove()
    return given[0].numpy()


def _in_place(options: Options, folder: Path) -> Iterator[Row]:
    """Ask for the share of negative values of a convolution whose activation function is in place."""
    this = case("squeezenet1_1", 8, folder / "images.zarr", [CONVOLUTION])
    images = Preprocess(this.entry["input"])(next(this.images.batches(8)))
    intact = copy.deepcopy(this.prepared.network)
    for module in intact.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    this.recording(folder, 8)()
    values = {
        "right": _output(intact, CONVOLUTION, images),
        "plain forward hook": _output(this.prepared.network, CONVOLUTION, images),
        "ours": open_store(folder / f"{CONVOLUTION}.zarr.zip")["maps"][:],
    }
    yield Row(f"negative values of squeezenet1_1's {CONVOLUTION}, 8 images: {this.origin}")
    with workers(TOOLS, options, folder) as tools:
        for name, worker in tools.items():
            worker.ask("load", what=Handed(this.prepared.network, images, [CONVOLUTION, DOWNSTREAM], 8))
            answer = worker.ask("values", layer=CONVOLUTION)
            if answer:
                values[name] = answer.result
            else:
                yield Row(f"negative values, {worker.row.quantity}")
    shares = {label: float((found < 0).mean()) for label, found in values.items()}
    errors = {label: abs(share - shares["right"]) for label, share in shares.items() if label != "right"}
    for label, share in shares.items():
        yield Row(f"negative values: share, {label}", [share])
    for label, error in errors.items():
        yield Row(f"negative values: off the right share by, {label}", [error], "", _target(label, OFF))


def _dataset(options: Options, folder: Path) -> Iterator[Row]:
    """Store a data set: without disturbance, killed and run again, and in parts."""
    # more than one chunk of the library's statistics, and more than ten batches
    n_images, batch, layer = 1100, 100, "relu5"
    deadly = n_images * 3 // 5
    # what the values are does not matter
    this = case("cnn", n_images, folder / "images.zarr", [layer], generated=True)
    preprocess = Preprocess(this.entry["input"])
    images = torch.cat([preprocess(pixels) for pixels in this.images.batches(batch)])
    right = _output(this.prepared.network, layer, images).reshape(n_images, -1)
    what = f"{n_images:,} images, {layer} of cnn, batch {batch}, killed at image {deadly:,}"
    yield Row(f"data set: {what}: {this.origin}")

    def store(name: str, place: str, **arguments: Any) -> tuple[NDArray | None, str]:
        """Have a tool store the data set; return the values that can be read afterwards, and its error."""
        where = str(folder / f"{name}-{place}")
        with workers([name], options, folder) as tools:
            worker = tools[name]
            if name == "ours":
                arguments |= {"this": this, "batch": batch}
            else:
                worker.ask("load", what=Handed(this.prepared.network, images, [layer], batch))
            worker.ask("store", folder=where, **arguments)
            answer = worker.ask("read", folder=where, layer=layer)
            return answer and answer.result, worker.error or ""

    for name in STORING:
        yield from _stored(name, partial(store, name), right, deadly)
    yield Row("killed and run again, torchvision: stores nothing, so there is nothing to take up")
    yield from _order("ours, of three shards", _in_shards(this, layer, batch, folder), right)


def _stored(
    name: str, store: Callable[..., tuple[NDArray | None, str]], right: NDArray, deadly: int
) -> Iterator[Row]:
    whole, error = store("whole")
    if whole is None:
        yield Row(f"data set, skipped: {name} {error}")
        return
    yield from _order(name, whole, right)
    _, error = store("killed", deadly=deadly)
    if "signal 9" not in error:
        yield Row(f"killed and run again, {name}: could not be killed: {error}")
        return
    again, error = store("killed", resume=True)
    if again is None:
        yield Row(f"killed and run again, {name}: {error}")
        return
    common = min(len(whole), len(again))
    yield Row(f"killed and run again: images, {name}", [len(again)])
    wrong = {
        "images missing": len(right) - len(again),
        "largest difference of what is there": float(np.abs(whole[:common] - again[:common]).max(initial=0)),
    }
    for what, value in wrong.items():
        yield Row(f"killed and run again: {what}, {name}", [value], "", _target(name, 0))


def _order(label: str, found: NDArray, right: NDArray) -> Iterator[Row]:
    """Count the images whose values are not at their place."""
    common = min(len(found), len(right))
    differences = np.abs(found[:common] - right[:common]).max(1)
    at_place = np.count_nonzero(differences <= ROUNDING * np.abs(right).max())
    yield Row(f"order: images not at their place, {label}", [len(right) - at_place], "", _target(label, 0))


def _in_shards(this: Case, layer: str, batch: int, folder: Path) -> NDArray:
    """Return what three shards of a pass store, put together."""
    finished = []
    for shard in range(3):
        n_maps = len(this.images.indices)
        forward_pass = this.forward_pass(folder, n_maps, batch=batch, shard=shard, shards=3)
        forward_pass.run()
        finished.append(folder / shard_name("pass", shard))
        forward_pass.finish_shard({"key": "", "pass": "", "shards": 3}, finished[-1])
    place = folder / f"{layer}.zarr.zip"
    merge_shards(finished, folder / "unfinished/pass/whole", {layer: place})
    maps = open_store(place)["maps"][:]
    return np.moveaxis(maps, -1, 1).reshape(len(maps), -1)


def _chance(options: Options, folder: Path) -> Iterator[Row]:
    """CKA of representations that are independent."""
    seeds = 5 if options.quick else 40
    with workers(("torch-cka", "rsatoolbox"), options, folder) as tools:
        for n_images, neurons in SHAPES:
            pairs = np.random.default_rng(0).standard_normal((seeds, 2, n_images, neurons), np.float32)
            found = {
                "formula without correction": [_biased(pair) for pair in pairs],
                "ours": [_ours(pair) for pair in pairs],
            }
            for name, worker in tools.items():
                answer = worker.ask("cka", pairs=pairs)
                if answer:
                    found[f"{name}{' cosine_cov' if name == 'rsatoolbox' else ''}"] = answer.result
            where = f"CKA at chance, {n_images} images, {neurons:,} neurons"
            for label, values in found.items():
                yield Row(f"{where}: {label}", values)
            for label, values in found.items():
                error = abs(float(np.median(values)))
                yield Row(f"{where}: median off 0 by, {label}", [error], "", _target(label, CHANCE))
        for worker in tools.values():
            if worker.error is not None:
                yield Row(f"CKA at chance, {worker.row.quantity}")


def _ours(pair: NDArray) -> float:
    values = pair.astype(float)
    return float(debiased_cka(values @ values.swapaxes(1, 2), np.ones((1, pair.shape[1])))[0, 0, 1])


def _biased(pair: NDArray) -> float:
    """Return linear CKA as it is first written down: inner products of centered Gram matrices."""
    centered = pair.astype(float) - pair.astype(float).mean(1, keepdims=True)
    grams = centered @ centered.swapaxes(1, 2)
    return float(np.vdot(*grams) / np.prod(np.linalg.norm(grams, axis=(1, 2))))
