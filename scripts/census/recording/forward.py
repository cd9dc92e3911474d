"""Run one forward pass over a data set, and fill the stores of all requested layers."""

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zarr

from census.errors import StudyError
from census.jobs import one_by_one, progress_bar
from census.networks.layers import Layer, preactivations
from census.networks.maps import as_maps
from census.networks.prepared import Prepared
from census.recording.shards import remove, remove_others
from census.recording.statistics import Statistics, statistics
from census.recording.writing import Writing, ahead
from census.statistics.subset import choose_positions
from census.stores.activations import (
    StoreWriter,
    create_store,
    finish_store,
    images_per_chunk,
    images_per_map_chunk,
    set_attributes,
)
from census.stores.paths import ARCHIVE, path_name

LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Images:
    """The images of a forward pass.

    Attributes
    ----------
    pixels : array of uint8, shape (N, height, width, n_channels), the whole data set on disk.
    labels : array of int32, shape (N,), its labels.
    indices : array of int64, shape (n,), indices of the recorded images, in their order.
    n_maps : number of images with activation maps; they come first.
    """

    pixels: zarr.Array
    labels: np.ndarray
    indices: np.ndarray
    n_maps: int

    def batches(self, size: int, starts: Iterable[int] | None = None) -> Iterator[np.ndarray]:
        """Yield the pixels of batches of successive images.

        Each chunk of the data set is read once per ascending run of indices; one chunk is in memory.

        Parameters
        ----------
        size : number of images in a batch; the last batch may have fewer.
        starts : position of each batch's first image; None for all batches.
        """
        starts = range(0, len(self.indices), size) if starts is None else starts
        length, held, chunk = self.pixels.chunks[0], -1, np.empty(0)
        for first in starts:
            wanted = self.indices[first : first + size]
            batch = np.empty((len(wanted), *self.pixels.shape[1:]), dtype=np.uint8)
            for number in dict.fromkeys((wanted // length).tolist()):
                if number != held:
                    held, chunk = number, np.asarray(self.pixels[number * length : (number + 1) * length])
                here = wanted // length == number
                batch[here] = chunk[wanted[here] - number * length]
            yield batch


def _images_at_once(prepared: Prepared, layers: Sequence[Layer], batch: int) -> int:
    """Return the number of images to run at once: a divisor of ``batch``, in whole chunks of maps."""
    last = max(layers, key=lambda layer: layer.depth)
    most, in_chunk = prepared.images_at_once(batch, until=last), images_per_map_chunk(batch)
    sizes = (size for size in range(in_chunk, batch + 1, in_chunk) if batch % size == 0)
    return max((size for size in sizes if size <= most), default=in_chunk)


class Pass:
    """A forward pass over a data set, or one of its shards, that can be interrupted and resumed.

    With n shards, each records every n-th chunk of images and writes these chunks of the same stores.
    :func:`census.recording.shards.merge_shards` merges them.

    Finished batches are counted in a file next to the unfinished stores, in whole chunks of statistics. A
    forward pass with the same identity resumes from there; one with another identity starts over.

    Parameters
    ----------
    prepared : the network.
    layers : the layers to record.
    images : the images to record.
    folder : folder of unfinished stores. Its parent belongs to the forward pass and its shards. The folder
        above is shared by unfinished forward passes of the same network, checkpoint and data set, and lies
        next to finished stores. Unfinished stores of other forward passes for any of these layers are
        removed, because no two current ones fill the same layer.
    identity : digest of everything that determines the result.
    batch : number of images in a batch; a CPU runs smaller ones if their activations leave its cache.
    compression : compression of activation maps.
    dtype : ``float32`` or ``float16``, in which activation maps are stored.
    precision : ``float32`` or ``bfloat16``, of the forward pass.
    positions : number of sampled positions at which pre-activations are stored.
    seed : seed of these positions.
    shard, shards : number of this shard, and of all shards.
    writers : number of threads that write maps while the network runs; None for the device's default.
    """

    def __init__(
        self,
        prepared: Prepared,
        layers: Sequence[Layer],
        images: Images,
        folder: Path,
        identity: str,
        *,
        batch: int,
        compression: str,
        dtype: str = "float32",
        precision: str = "float32",
        positions: int = 8,
        seed: int = 0,
        shard: int = 0,
        shards: int = 1,
        writers: int | None = None,
    ) -> None:
        self._layers = {layer.name: layer for layer in layers}
        self._images, self._preprocess = images, prepared.preprocess
        self._folder, self._identity = folder, identity
        self._batch, self._compression, self._dtype = batch, compression, dtype
        self._precision, self._device = precision, prepared.device
        self._positions = {
            layer.name: choose_positions(*layer.shape[1:], positions, seed, layer.name) for layer in layers
        }
        self._at_once = _images_at_once(prepared, layers, batch)
        self._per_chunk = images_per_chunk(batch)
        self._starts = [
            start
            for start in range(0, len(images.indices), self._at_once)
            if start // self._per_chunk % shards == shard
        ]
        # on a CPU the network uses all cores, so threads would save no time
        self._writers = writers if writers is not None else 4 if self._device == "cuda" else 0
        self._nonlinear = preactivations(layers)
        self._recorder = prepared.recorder(
            {layer.name: layer.node for layer in layers},
            entering={name: layer.node for name, layer in self._nonlinear.items()},
        )

    @property
    def n_images(self) -> int:
        """Number of images of this shard; all images if it is the only one."""
        return sum(len(self._images.indices[start : start + self._at_once]) for start in self._starts)

    @property
    def _progress(self) -> Path:
        return self._folder / "progress.json"

    def _store(self, layer: str) -> Path:
        """Return the temporary path of a layer's store."""
        return self._folder / f"{path_name(layer)}.zarr"

    def _finished(self, layer: str) -> Path:
        """Return the path of a layer's finished store, before it is moved."""
        return self._folder / f"{path_name(layer)}.{ARCHIVE}"

    def _open(self) -> tuple[dict[str, StoreWriter], int]:
        """Return the unfinished stores, and the number of batches that they contain."""
        paths = {name: self._store(name) for name in self._layers}
        with contextlib.suppress(OSError, ValueError, KeyError):
            progress = json.loads(self._progress.read_text())
            if progress["identity"] == self._identity and progress["at_once"] == self._at_once:
                # if some are finished, no batch is left
                filling = {name: path for name, path in paths.items() if not self._finished(name).exists()}
                return {name: StoreWriter(path) for name, path in filling.items()}, progress["batches"]
        self._progress.unlink(missing_ok=True)
        remove_others(self._folder.parent, list(map(path_name, self._layers)))
        labels = self._images.labels[self._images.indices]
        for name, path in paths.items():
            self._finished(name).unlink(missing_ok=True)
            create_store(
                path,
                self._layers[name].shape,
                self._images.indices,
                labels,
                self._images.n_maps,
                self._batch,
                self._compression,
                self._positions[name],
                dtype=self._dtype,
                preactivations=bool(self._layers[name].preactivation),
            )
        return {name: StoreWriter(path) for name, path in paths.items()}, 0

    def _count(self, done: int) -> None:
        partial = self._progress.with_suffix(".partial")
        partial.write_text(
            json.dumps({"identity": self._identity, "at_once": self._at_once, "batches": done})
        )
        partial.replace(self._progress)

    def run(self) -> None:
        """Run the network on the remaining images, and write the recorded values."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stores, done = self._open()
        pending: dict[str, list[Statistics]] = {name: [] for name in self._layers}
        # chunks not yet counted: the ticket that has to be written first, and the number of batches then
        uncounted: deque[tuple[int, int]] = deque()
        begun = self._starts[done:]
        seen = done * self._at_once if begun else self.n_images
        with (
            progress_bar("forward pass", self.n_images, "images", seen) as progress,
            Writing(self._writers) as write,
        ):
            for first, pixels in zip(begun, ahead(self._images.batches(self._at_once, begun)), strict=True):
                with_maps = max(0, min(len(pixels), self._images.n_maps - first))

                def take(name: str, values: torch.Tensor, first: int = first, count: int = with_maps) -> None:
                    if name in self._nonlinear:
                        if count:
                            layer = self._nonlinear[name].name
                            some = self._at_positions(layer, values[:count])
                            write(stores[layer].write_preactivations, first, some)
                        return
                    maps = as_maps(values, self._layers[name].units_axis).float().contiguous()
                    pending[name].append(statistics(maps))
                    if count:
                        write(stores[name].write_maps, first, self._stored(name, maps[:count]))

                self._record(pixels, take)
                done += 1
                progress.update(len(pixels))
                last = first + len(pixels)
                if last % self._per_chunk == 0 or last == len(self._images.indices):
                    chunk = (last - 1) // self._per_chunk * self._per_chunk
                    for name, parts in pending.items():
                        summaries = [torch.cat(each).cpu().numpy() for each in zip(*parts, strict=True)]
                        write.arrays(stores[name].write_statistics, chunk, summaries)
                        parts.clear()
                    uncounted.append((write.given, done))
                    # while other threads write one chunk, the network computes the next
                    while len(uncounted) > (1 if self._writers else 0):
                        given, batches = uncounted.popleft()
                        write.wait(given)
                        self._count(batches)
        if uncounted:
            self._count(done)

    def _stored(self, layer: str, maps: torch.Tensor) -> torch.Tensor:
        """Return maps in the dtype in which they are stored.

        Raises
        ------
        StudyError : values are beyond the range of float16.
        """
        if self._dtype == "float32":
            return maps
        stored = maps.half()
        beyond = stored.isinf()
        if beyond.any():
            raise StudyError(
                f"{layer}: activations of {maps[beyond].abs().max().item():.6g} are beyond the range of "
                f"float16 (±{LARGEST_FLOAT16:,.0f}); set activations.dtype: float32"
            )
        return stored

    def _record(self, pixels: np.ndarray, take: Callable[[str, torch.Tensor], None]) -> None:
        """Pass each layer's values and pre-activations on a batch to ``take``."""
        with (
            torch.inference_mode(),
            torch.autocast(self._device, torch.bfloat16, enabled=self._precision == "bfloat16"),
        ):
            self._recorder(self._preprocess(pixels, self._device), take)

    def _at_positions(self, layer: str, values: torch.Tensor) -> torch.Tensor:
        """Return a copy of values at the sampled positions, float32 (n_images, n_positions, n_units)."""
        y, x = torch.from_numpy(self._positions[layer]).long().to(values.device).unbind(1)
        return as_maps(values, self._layers[layer].units_axis)[:, y, x].float()

    def _attributes(self, layer: Layer, provenance: Mapping[str, Any]) -> dict[str, Any]:
        about = {
            "layer": layer.name,
            "kind": layer.kind,
            "depth": layer.depth,
            "branch_of": layer.branch_of,
            "receptive_field": layer.receptive_field and layer.receptive_field.attribute(),
            "shape": list(layer.shape),
        }
        return {**provenance, **about}

    def finish(self, provenance: Mapping[str, Any], destinations: Mapping[str, Path]) -> None:
        """Set the attributes of the filled stores and move them to their final paths.

        Parameters
        ----------
        provenance : attributes of each store, in addition to those of the layer.
        destinations : the store's final path, by layer.
        """
        # this may take a while, and is taken up if the process is killed
        for name in one_by_one(destinations):
            if not self._finished(name).exists():
                attributes = self._attributes(self._layers[name], provenance)
                finish_store(self._store(name), attributes, self._finished(name))
        # once the first store has moved, the forward pass cannot be resumed
        self._progress.unlink()
        for name, destination in destinations.items():
            self._finished(name).replace(destination)
        remove(self._folder)

    def finish_shard(self, provenance: Mapping[str, Any], destination: Path) -> None:
        """Set the attributes of a shard's stores, and rename their folder to its final path.

        Parameters
        ----------
        provenance : see :meth:`finish`; equal for all shards of a forward pass.
        destination : the final path, which must not exist.
        """
        for name, layer in self._layers.items():
            set_attributes(self._store(name), self._attributes(layer, provenance))
        # a shard without images has no count
        self._progress.unlink(missing_ok=True)
        self._folder.rename(destination)
