"""Convert data sets of all sources to the format of :mod:`census.data.store`."""

import csv
import logging
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from census import __version__
from census.data.folder import Skipped, as_text, counted, endings_of, key_of_path, list_folder, listed
from census.data.idx import read_idx
from census.data.images import DecodedImage, Form, Images, Unreadable, decode, endings, formats
from census.data.sources import source_of, splits
from census.data.store import DatasetWriter
from census.data.unfinished import unfinished
from census.errors import StudyError, nearest
from census.jobs import progress_bar

FASHION_MNIST_CLASSES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
_SHOWN_FILES = 10


def convert(
    name: str,
    entry: Mapping[str, Any],
    split: str,
    folder: Path,
    store: Path,
    table: Path,
    unreadable: Path,
    threads: int,
    log: logging.Logger,
    classes: Sequence[str] | None = None,
) -> None:
    """Write a split of a data set as a store, a table of its images, and a list of files left out.

    Parameters
    ----------
    name : name of the data set, for messages.
    entry : config entry of the data set, complete.
    split : one of :func:`census.data.sources.splits`.
    folder : folder of the fetched files, or the user's own folder.
    store : Zarr group to write.
    table : Parquet file to write: ``image`` (int64), ``label`` (int32), ``class`` and ``source`` (str).
    unreadable : TSV file to write: ``source`` and ``reason`` of each file left out.
    threads : number of files decoded at a time.
    log : log for counts and warnings.
    classes : for a user's own folder, names of all classes of the data set, in the order of labels
        (:func:`census.data.folder.classes_of`); None for the classes of this folder.

    Raises
    ------
    StudyError : no image or class is found, files are unreadable and ``unreadable`` is ``fail``, images have
        different sizes and ``size`` is null, or the device is full. The store is then not created.
    """
    key = f"datasets.{name}"
    if split not in splits(entry):
        raise StudyError(f"{key}: there is no split {split!r}{nearest(split, splits(entry))}")
    form = Form(entry["size"], entry["fit"], tuple(entry["background"]))
    images = _read(key, entry, split, folder, form, threads, classes, log)
    if not images.total:
        raise StudyError(f"{key}: there are no images in {str(folder)!r}; delete it and run again")
    labels: list[int] = []
    sources: list[str] = []
    first_frames: list[str] = []
    faulty: list[Unreadable] = []
    with (
        unfinished(store) as place,
        progress_bar(f"{name} {split}", images.total, "images") as progress,
    ):
        writer = DatasetWriter(place, images.total)
        for image in images.decoded:
            progress.update()
            if isinstance(image, Unreadable):
                faulty.append(image)
                continue
            if writer.shape is not None and image.pixels.shape != writer.shape:
                raise StudyError(_other_size(key, folder, image, sources[0], writer.shape))
            writer.append(image.pixels, image.label)
            labels.append(image.label)
            sources.append(image.source)
            if image.is_first:
                first_frames.append(image.source)
        _judge(faulty, images.total, f"{key}.unreadable", entry["unreadable"], folder, log)
        names = images.classes or [str(number) for number in range(max(labels) + 1)]
        _write_table(table, labels, names, sources)
        _write_unreadable(unreadable, sorted([*faulty, *images.skipped]))
        digest = writer.finish(
            names,
            {
                "dataset": name,
                "split": split,
                "source": source_of(entry) or "folder",
                "size": form.size,
                "fit": form.fit,
                "background": list(form.background),
                "n_unreadable": len(faulty),
                "n_skipped": len(images.skipped),
                "software": {"neuron-census": __version__}
                | {package: version(package) for package in ("numcodecs", "numpy", "pillow", "zarr")},
            },
        )
    if first_frames:
        log.warning(
            "%d file(s) have several frames; the first is used: %s", len(first_frames), listed(first_frames)
        )
    empty = [repr(names[label]) for label in np.flatnonzero(np.bincount(labels, minlength=len(names)) == 0)]
    if empty:
        log.warning("%d of %d classes have no images: %s", len(empty), len(names), listed(empty))
    log.info("%s %s: %d images in %d classes, digest %s", name, split, len(labels), len(names), digest)


def _read(
    key: str,
    entry: Mapping[str, Any],
    split: str,
    folder: Path,
    form: Form,
    threads: int,
    classes: Sequence[str] | None,
    log: logging.Logger,
) -> Images:
    """Return the images of a split, for any source."""
    match entry["source"]:
        case "fashion-mnist":
            return _read_fashion_mnist(folder, split, form.gray())
        case "torchvision":
            from census.data.torchvision_sets import read_torchvision  # imports torch

            return read_torchvision(entry["name"], folder, split, form)
        case "imagenet-samples":
            return _read_imagenet_samples(folder, form, threads)
        case "folder":
            key = key_of_path(key, split)
        case _:
            folder = folder / entry.get("subfolder", "")
            key = f"{key}.subfolder" if "subfolder" in entry else key
    listing = list_folder(folder, key, endings(), classes)
    if listing.leftovers:
        log.info("ignored hidden and system files: %s", counted(listing.leftovers))
    reasons: dict[str, list[Skipped]] = {}
    for each in listing.skipped:
        reasons.setdefault(each.reason, []).append(each)
    for reason, skipped in reasons.items():
        log.warning("skipped %d file(s); each %s: %s", len(skipped), reason, counted(endings_of(skipped)))
    return Images(
        listing.classes,
        len(listing.files),
        read_files(folder, listing.files, form, threads),
        [Unreadable(as_text(path.as_posix()), f"it {reason}") for path, reason in listing.skipped],
    )


def _read_fashion_mnist(folder: Path, split: str, form: Form) -> Images:
    stem = {"train": "train", "test": "t10k"}[split]
    pixels = read_idx(folder / f"{stem}-images-idx3-ubyte", 3)
    labels = read_idx(folder / f"{stem}-labels-idx1-ubyte", 1)
    if len(pixels) != len(labels) or labels.max(initial=0) >= len(FASHION_MNIST_CLASSES):
        raise StudyError(f"{folder}: labels and images do not match; delete the folder and run again")
    as_they_are = form.size is None or pixels.shape[1:] == (form.size, form.size)

    def decoded() -> Iterator[DecodedImage]:
        for index, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            formed = image[:, :, None] if as_they_are else form(Image.fromarray(np.asarray(image)))
            yield DecodedImage(formed, int(label), f"{split}/{index}")

    return Images(FASHION_MNIST_CLASSES, len(labels), decoded())


def _read_imagenet_samples(folder: Path, form: Form, threads: int) -> Images:
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    from torchvision.models import SqueezeNet1_1_Weights

    files = []
    for path in sorted(folder.glob("*.jpg")):
        label = re.fullmatch(r"imagenet_\d+_(\d+)", path.stem)
        if label is None:
            raise StudyError(f"{path}: its name has no label; delete the folder and run again")
        files.append((Path(path.name), int(label[1])))
    classes = SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    return Images(list(classes), len(files), read_files(folder, files, form, threads))


def read_files(
    folder: Path, files: Sequence[tuple[Path, int]], form: Form, threads: int
) -> Iterator[DecodedImage | Unreadable]:
    """Yield images of files in order, read by several threads, with few in memory at once.

    Parameters
    ----------
    folder : folder of the files.
    files : path relative to the folder, and class, of each file.
    form : target form of the images.
    threads : number of files read at a time; decoding and resizing release the GIL.
    """

    def read(path: Path, label: int) -> DecodedImage | Unreadable:
        def load() -> tuple[Image.Image, int]:
            if not (folder / path).stat().st_size:
                raise ValueError("the file is empty")
            image = Image.open(folder / path, formats=formats())
            image.load()
            return image, label

        return decode(as_text(path.as_posix()), load, form)

    pending: deque[Future[DecodedImage | Unreadable]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for path, label in files:
            pending.append(pool.submit(read, path, label))
            if len(pending) > 2 * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _other_size(key: str, folder: Path, image: DecodedImage, first: str, shape: tuple[int, ...]) -> str:
    height, width = image.pixels.shape[:2]
    return (
        f"{key}.size: is null, so all images must have one size, but {folder / image.source} has "
        f"{width}×{height} pixels and {first} has {shape[1]}×{shape[0]}; give a size to resize all images"
    )


def _judge(
    faulty: Sequence[Unreadable], total: int, key: str, policy: str, folder: Path, log: logging.Logger
) -> None:
    """Raise if unreadable files are not allowed, or if no file is readable; otherwise log their number."""
    if not faulty:
        return
    shown = "; ".join(f"{folder / each.source} ({each.reason})" for each in faulty[:_SHOWN_FILES])
    more = f"; and {len(faulty) - _SHOWN_FILES} more" if len(faulty) > _SHOWN_FILES else ""
    count = f"{len(faulty)} of {total} files cannot be read: {shown}{more}"
    if policy == "fail":
        raise StudyError(f"{key}: {count}. Repair or remove them, or set this key to skip, which lists them")
    if len(faulty) == total:
        raise StudyError(f"{key}: is skip, but nothing is left: {count}")
    log.warning("skipped and listed: %s", count)


def _write_table(path: Path, labels: Sequence[int], classes: Sequence[str], sources: Sequence[str]) -> None:
    columns = {
        "image": pa.array(np.arange(len(labels)), pa.int64()),
        "label": pa.array(labels, pa.int32()),
        "class": pa.array([classes[label] for label in labels], pa.string()),
        "source": pa.array(sources, pa.string()),
    }
    pq.write_table(pa.table(columns), path)


def _write_unreadable(path: Path, faulty: Sequence[Unreadable]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerows([Unreadable._fields, *faulty])
