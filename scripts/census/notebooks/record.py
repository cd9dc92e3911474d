"""Record a network of one's own on images in memory: by a pass of the workflow, into the same stores."""

import contextlib
import copy
import re
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from census.errors import StudyError
from census.networks.build import made_plain
from census.networks.device import choose_device
from census.networks.layers import select
from census.networks.prepared import prepare_with
from census.networks.preprocess import Preprocess
from census.networks.running import Part
from census.recording.forward import Images, Pass
from census.statistics.subset import choose_images
from census.stores.paths import ARCHIVE, path_name
from census.stores.recording import Recording

# what messages about a network's entry in the config are about here
_ARGUMENTS = {"input": "images", "logits": "logits"}
_DEVICES = ("auto", "cpu", "cuda")


class Recorded(Mapping[str, Recording]):
    """The recordings of a network's layers, by name of the layer, in order of depth.

    Attributes
    ----------
    folder : pathlib.Path
        Folder with a store per layer. A temporary one is deleted with the last object that reads from it.
    verification : dict
        How recorded values have been compared with the network's own, see
        :class:`census.networks.verification.Verification`.
    """

    def __init__(self, folder: "_Folder", stores: Mapping[str, Path], verification: dict[str, Any]) -> None:
        self.folder, self.verification = folder.path, verification
        self._recordings = {layer: _Recording(path, folder) for layer, path in stores.items()}

    def __getitem__(self, layer: str) -> Recording:
        return self._recordings[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._recordings)

    def __len__(self) -> int:
        return len(self._recordings)

    def __repr__(self) -> str:
        """Return the names of the layers, and where their stores are."""
        return f"<Recorded {', '.join(self)} in {self.folder}>"


class _Folder:
    """A folder for stores. A temporary one is deleted with this object."""

    def __init__(self, path: "str | PathLike[str] | None") -> None:
        if path is not None:
            self.path = Path(path)
            return
        self.path = Path(tempfile.mkdtemp(prefix="census-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class _Recording(Recording):
    """A recording that keeps the folder of its store, also if it is all that is kept of what was recorded."""

    def __init__(self, path: Path, folder: _Folder) -> None:
        super().__init__(path)
        self._folder = folder


class _AsGiven(Preprocess):
    """Preprocessing of images that are a network's input already."""

    def __init__(self) -> None:
        pass

    def __call__(self, pixels: NDArray[Any], device: str = "cpu") -> Tensor:
        """Return images (n, channels, height, width) as they are, in the network's layout."""
        return torch.from_numpy(pixels).to(device, memory_format=self.layout)

    def normalize(self, values: Tensor) -> Tensor:
        """Return images as they are."""
        return values


@dataclass(frozen=True)
class _InMemory(Images):
    """Images of a pass, array of float32, shape (N, n_channels, height, width), in memory."""

    pixels: NDArray[np.float32]

    def batches(self, size: int, starts: Iterable[int] | None = None) -> Iterator[NDArray[np.float32]]:
        """Yield some batches, see :meth:`census.recording.forward.Images.batches`."""
        for first in range(0, len(self.indices), size) if starts is None else starts:
            yield self.pixels[self.indices[first : first + size]]


def record(
    network: nn.Module,
    images: ArrayLike | Tensor,
    labels: ArrayLike | Tensor | None = None,
    *,
    layers: str | Sequence[str] = "nonlinear",
    n_map_images: int | None = None,
    store: "str | PathLike[str] | None" = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    logits: Part = None,
    batch: int = 32,
    device: str = "auto",
) -> Recorded:
    """Run a network on images, and record layers of it.

    Before the pass, recorded values are compared with the network's own on a few of the images.

    Parameters
    ----------
    network : torch.nn.Module
        A classifier. A copy of it runs, in evaluation mode and float32.
    images : array or tensor of float, shape (n_images, channels, height, width)
        Images as the network takes them: resized and normalized, and finite.
    labels : array or tensor of int, shape (n_images,), optional
        Class of each image, from 0. Without labels, all images are of one class.
    layers : str or sequence of str
        Names of layers; ``"nonlinear"`` for all activation functions; ``"all"`` for these and the input,
        pooling, modules with parts of their own, and the logits, ``"output"``.
    n_map_images : int, optional
        Number of images, drawn at random, whose activation maps are stored, at least 1; by default all. They
        take ``4 × units × height × width`` bytes per image and layer, before compression.
    store : path-like, optional
        Folder for a Zarr store per layer, which replaces one of the same layer. By default a temporary
        folder, which is deleted with the last recording in it.
    classes : sequence of str, optional
        Name of each class; by default its number.
    seed : int
        Seed of the choice of images with activation maps, and of sampled positions.
    logits : str or int, optional
        Part of the network's output that holds the logits, if it returns several tensors.
    batch : int
        Images in one forward pass, at least 1.
    device : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    Recorded
        Mapping of layer names to :class:`census.stores.recording.Recording`.

    Raises
    ------
    StudyError
        If an argument is out of range, if images, labels or classes do not fit together, if the network has
        no such layer, if its forward pass fails, or if recorded values are not the network's own.

    Examples
    --------
    >>> import census, torch
    >>> network = torch.nn.Sequential(
    ...     torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 2)
    ... )
    >>> recorded = census.record(network, torch.rand(20, 3, 8, 8), labels=[0, 1] * 10, layers="all")
    >>> {layer: recording.shape for layer, recording in recorded.items()}
    {'input': (3, 8, 8), '1': (4, 6, 6), 'output': (2, 1, 1)}
    >>> census.measure("selectivity", recorded["1"], top=5)["units"].shape[0]
    4
    """
    _check_number("batch", batch)
    if n_map_images is not None:
        _check_number("n_map_images", n_map_images)
    if device not in _DEVICES:
        raise StudyError(
            f"device: must be {', '.join(map(repr, _DEVICES[:-1]))} or {_DEVICES[-1]!r}, not {device!r}"
        )
    values = _images(images)
    which, names = _labels(labels, classes, len(values))
    indices, n_maps = choose_images(
        len(values), None, len(values) if n_map_images is None else n_map_images, seed
    )
    key = type(network).__name__
    with _without_config(key):
        plain = made_plain(copy.deepcopy(network), torch.zeros(2, *values.shape[1:]), key, key)
        chosen_device = choose_device(device, torch.get_num_threads())
        prepared = prepare_with(plain, _AsGiven(), values[indices[:3]], key, chosen_device, logits)
        chosen = select(prepared.listing.layers, layers, "layers")
        if not chosen:
            raise StudyError(f"layers: the network has none of {layers!r}; use 'all', or names of layers")
        verification = prepared.verify().attribute()
        folder = _Folder(store)
        # of an interrupted call, whose images nobody knows, nothing is taken up
        identity = uuid.uuid4().hex
        this = Pass(
            prepared,
            chosen,
            _InMemory(values, which, indices, n_maps),
            folder.path / "unfinished" / identity / "0",
            identity,
            batch=batch,
            compression="lz4",
            seed=seed,
        )
        this.run()
    stores = {layer.name: folder.path / f"{path_name(layer.name)}.{ARCHIVE}" for layer in chosen}
    provenance = {
        "key": identity,
        "pass": identity,
        "shards": 1,
        "network": key,
        "checkpoint": "final",
        "step": None,
        "dataset": "images",
        "classes": names,
        "precision": "float32",
        "verification": verification,
        "software": {name: version(name) for name in ("torch", "numba", "zarr", "numcodecs", "numpy")},
    }
    this.finish(provenance, stores)
    return Recorded(folder, stores, verification)


def _check_number(name: str, value: Any) -> None:
    """Check an argument that counts images."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise StudyError(f"{name}: must be a whole number of at least 1, not {value!r}")


def _array(name: str, values: ArrayLike | Tensor) -> NDArray[Any]:
    """Return the values of an argument as an array."""
    if isinstance(values, Tensor):
        return values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except ValueError:
        raise StudyError(f"{name}: must be an array, not lists of different lengths") from None


def _images(images: ArrayLike | Tensor) -> NDArray[np.float32]:
    values = _array("images", images)
    if values.ndim != 4 or not values.size or values.dtype.kind not in "fiu":
        raise StudyError(
            f"images: must be numbers of shape (images, channels, height, width), not {values.dtype} "
            f"{values.shape}; give a single image as images[None]"
        )
    with np.errstate(over="ignore"):  # values beyond the range of float32 become infinite
        values = np.ascontiguousarray(values, np.float32)
    n_faulty = len(values) - sum(bool(np.isfinite(image).all()) for image in values)
    if n_faulty:
        raise StudyError(
            f"images: {n_faulty} of {len(values)} have values that are NaN, infinite or beyond float32; "
            "leave these images out, or correct their normalization"
        )
    return values


def _labels(
    labels: ArrayLike | Tensor | None, classes: Sequence[str] | None, n_images: int
) -> tuple[NDArray[np.int32], list[str]]:
    """Return the class of each image, and the names of classes."""
    which = np.zeros(n_images, np.int32) if labels is None else _array("labels", labels)
    if which.shape != (n_images,) or which.dtype.kind not in "iu":
        raise StudyError(
            f"labels: must be {n_images} integers, one for each image, not {which.dtype} {which.shape}"
        )
    if which.min() < 0:
        raise StudyError(f"labels: must be at least 0, not {which.min()}; leave out images without a class")
    n_classes = int(which.max()) + 1
    names = [str(each) for each in (range(n_classes) if classes is None else classes)]
    if len(names) < n_classes:
        raise StudyError(
            f"classes: has {len(names)} names, but labels go up to {n_classes - 1}; name all classes"
        )
    return which.astype(np.int32), names


@contextlib.contextmanager
def _without_config(key: str) -> Iterator[None]:
    """Have errors name arguments of the call in place of keys of the config."""

    def argument(found: re.Match[str]) -> str:
        return _ARGUMENTS.get(found[1] or "", "network")

    try:
        yield
    except StudyError as error:
        message = re.sub(
            rf"networks\.{re.escape(key)}(?:\.(architecture|input|logits))?", argument, str(error)
        )
        raise StudyError(message) from error.__cause__
