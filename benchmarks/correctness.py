"""Whether tools are right: four questions that have a known answer, put to the library and to others.

What each tool returns stands beside what is right, and how far off that it is. Only the library has targets.

* SqueezeNet's activation functions write their output over what the convolution before them gave. What share
  of the first convolution's values is negative?
* A process is killed (``SIGKILL``) while it stores a data set's activations, and run again as the tool's
  documentation says. Are all images there, and the same values?
* A data set of more than ten batches is stored, in parts. Is what is read back in the order of the images?
* Two random representations have nothing in common. What CKA is found?
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
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

# with a layer behind it, or a tool may not run what writes over it
CONVOLUTION, BEHIND = "features.0", "features.2"
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
    with options.temporary("correctness") as folder:
        yield from _in_place(options, folder / "in-place")
        yield from _dataset(options, folder / "dataset")
        yield from _chance(options, folder / "chance")


def _target(label: str, most: float) -> float | None:
    """Return how wrong the tool of a label may be at most; None for others than the library."""
    return most if label.partition(",")[0] == "ours" else None


def _in_place(options: Options, folder: Path) -> Iterator[Row]:
    """Ask for the share of negative values of a convolution whose activation function is in place."""
    folder.mkdir()
    this = case("squeezenet1_1", 8, folder / "images.zarr")
    images = Preprocess(this.entry["input"])(next(this.images.batches(8)))
    shares = {}
    intact = copy.deepcopy(this.network)
    for module in intact.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    for label, network in (("right", intact), ("plain forward hook", this.network)):
        given: list[torch.Tensor] = []
        module = network.get_submodule(CONVOLUTION)
        handle = module.register_forward_hook(
            lambda _module, _inputs, output, given=given: given.append(output)
        )
        with torch.inference_mode():
            network(images)
        handle.remove()
        shares[label] = float((given[0] < 0).float().mean())
    shares["ours"] = _our_share(this, folder)
    handed = Handed(this.network, images, [CONVOLUTION, BEHIND], 8)
    yield Row(f"negative values of squeezenet1_1's {CONVOLUTION}, 8 images: {this.origin}")
    with workers(TOOLS, options, folder) as tools:
        for name, worker in tools.items():
            worker.ask("load", what=handed)
            answer = worker.ask("values", layer=CONVOLUTION)
            if answer:
                shares[name] = float((answer.result < 0).mean())
            else:
                yield Row(f"negative values, {worker.row.quantity}")
    for label, share in shares.items():
        yield Row(f"negative values: share, {label}", [share])
    for label, share in shares.items():
        if label != "right":
            error = abs(share - shares["right"])
            yield Row(f"negative values: off the right share by, {label}", [error], "", _target(label, OFF))


def _our_share(this: Case, folder: Path) -> float:
    """Return the share that a pass of the library stores."""
    this = replace(this, layers=this.prepared.select([CONVOLUTION]))
    forward_pass = this.forward_pass(folder, 8, 8, "lz4")
    forward_pass.run()
    this.finish(forward_pass, folder)
    return float((open_store(folder / f"{CONVOLUTION}.zarr.zip")["maps"][:] < 0).mean())


def _dataset(options: Options, folder: Path) -> Iterator[Row]:
    """Store a data set: without disturbance, killed and run again, and in parts."""
    folder.mkdir()
    # more than one chunk of the library's statistics, and more than ten batches
    n_images, batch, layer = 1100, 100, "relu5"
    deadly = n_images * 3 // 5
    # what the values are does not matter
    this = case("cnn", n_images, folder / "images.zarr", generated=True)
    preprocess = Preprocess(this.entry["input"])
    images = torch.cat([preprocess(pixels) for pixels in this.images.batches(batch)])
    with torch.inference_mode():
        module = this.network.get_submodule(layer)
        given: list[torch.Tensor] = []
        # what is done in place is done to a copy
        handle = module.register_forward_hook(lambda _module, _inputs, output: given.append(output.clone()))
        this.network(images)
        handle.remove()
    right = given[0].flatten(1).numpy()
    stored = replace(this, layers=this.prepared.select([layer]))
    handed = Handed(this.network, images, [layer], batch)
    what = f"{n_images:,} images, {layer} of cnn, batch {batch}, killed at image {deadly:,}"
    yield Row(f"data set: {what}: {this.origin}")
    for name in STORING:
        more = {"this": stored, "batch": batch} if name == "ours" else {}
        yield from _stored(_Storing(name, handed, more, options, folder), right, deadly)
    yield Row("killed and run again, torchvision: stores nothing, so there is nothing to take up")
    found = _in_shards(this, layer, batch, folder)
    yield from _order("ours, of three shards", found, right)


class _Storing:
    """A tool that stores the data set, each time in a new process.

    Parameters
    ----------
    name : the tool's.
    handed : what is stored.
    more : arguments of its task, beside those of all tools.
    options : of the benchmark suite.
    folder : for all that is written.
    """

    def __init__(
        self, name: str, handed: Handed, more: dict[str, Any], options: Options, folder: Path
    ) -> None:
        self.name = name
        self._handed, self._more, self._options, self._folder = handed, more, options, folder

    def run(self, place: str, deadly: int | None = None, resume: bool = False) -> tuple[NDArray | None, str]:
        """Store; return the values that can be read afterwards, and what went wrong."""
        where = str(self._folder / f"{self.name}-{place}")
        with workers((self.name,), self._options, self._folder) as found:
            worker = found[self.name]
            if self.name != "ours":
                worker.ask("load", what=self._handed)
            worker.ask("store", folder=where, deadly=deadly, resume=resume, **self._more)
            answer = worker.ask("read", folder=where, layer=self._handed.layers[0])
            return answer and answer.result, worker.error or ""


def _stored(tool: _Storing, right: NDArray, deadly: int) -> Iterator[Row]:
    whole, error = tool.run("whole")
    if whole is None:
        yield Row(f"data set, skipped: {tool.name} {error}")
        return
    yield from _order(tool.name, whole, right)
    _, error = tool.run("killed", deadly)
    if "signal 9" not in error:
        yield Row(f"killed and run again, {tool.name}: could not be killed: {error}")
        return
    again, error = tool.run("killed", resume=True)
    if again is None:
        yield Row(f"killed and run again, {tool.name}: {error}")
        return
    common = min(len(whole), len(again))
    yield Row(f"killed and run again: images, {tool.name}", [len(again)])
    wrong = {
        "images missing": len(right) - len(again),
        "largest difference of what is there": float(np.abs(whole[:common] - again[:common]).max(initial=0)),
    }
    for what, value in wrong.items():
        yield Row(f"killed and run again: {what}, {tool.name}", [value], "", _target(tool.name, 0))


def _order(label: str, found: NDArray, right: NDArray) -> Iterator[Row]:
    """Count the images whose values are at their place."""
    at_place = np.zeros(len(right), bool)
    common = min(len(found), len(right))
    at_place[:common] = np.abs(found[:common] - right[:common]).max(1) <= ROUNDING * np.abs(right).max()
    yield Row(f"order: images not at their place, {label}", [int((~at_place).sum())], "", _target(label, 0))


def _in_shards(this: Case, layer: str, batch: int, folder: Path) -> NDArray:
    """Return what three shards of a pass store, put together."""
    this = replace(this, layers=[each for each in this.layers if each.name == layer])
    finished = []
    for shard in range(3):
        forward_pass = this.forward_pass(folder, len(this.images.indices), batch, "lz4", shard, 3)
        forward_pass.run()
        finished.append(folder / shard_name("pass", shard))
        forward_pass.finish_shard({"key": "", "pass": "", "shards": 3}, finished[-1])
    place = folder / f"{layer}.zarr.zip"
    merge_shards(finished, folder / "unfinished/pass/whole", {layer: place})
    maps = open_store(place)["maps"][:]
    return np.moveaxis(maps, -1, 1).reshape(len(maps), -1)


def _chance(options: Options, folder: Path) -> Iterator[Row]:
    """CKA of representations that are independent."""
    folder.mkdir()
    seeds = 5 if options.quick else 40
    with workers(("torch-cka", "rsatoolbox"), options, folder) as tools:
        for n_images, neurons in SHAPES:
            pairs = np.random.default_rng(0).standard_normal((seeds, 2, n_images, neurons), np.float32)
            found = {
                "formula without correction": [_biased(*pair) for pair in pairs],
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
    products = np.stack([one @ one.T for one in pair.astype(float)])
    return float(debiased_cka(products, np.ones((1, pair.shape[1])))[0, 0, 1])


def _biased(one: NDArray, other: NDArray) -> float:
    """Return linear CKA as it is first written down: inner products of centred Gram matrices."""
    grams = []
    for values in (one.astype(float), other.astype(float)):
        centred = values - values.mean(0)
        grams.append(centred @ centred.T)
    cross, first, second = (np.vdot(grams[a], grams[b]) for a, b in ((0, 1), (0, 0), (1, 1)))
    return float(cross / np.sqrt(first * second))
