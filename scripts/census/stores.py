"""What all Zarr stores of the study have in common."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr

CHUNK_BYTES = 1 << 25


def consolidate(path: Path, attributes: Mapping[str, Any]) -> None:
    """Give a group its attributes, and gather the metadata of its arrays in its own, in one write.

    Readers need not list the folder then, in which Snakemake leaves a file of its own.
    """
    document = path / "zarr.json"
    group = json.loads(document.read_text())
    group["attributes"] = dict(attributes)
    group["consolidated_metadata"] = {
        "kind": "inline",
        "must_understand": False,  # readers that do not know it may ignore it, and lose nothing
        "metadata": {
            array.parent.name: json.loads(array.read_text()) for array in sorted(path.glob("*/zarr.json"))
        },
    }
    document.write_text(json.dumps(group))


def write_checkpoint(
    path: Path,
    checkpoint: str,
    arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]],
    attributes: Mapping[str, Any],
) -> None:
    """Write what was measured at one checkpoint, as a group of its own in a store of several.

    Parameters
    ----------
    path : the store; it is made with its first group.
    checkpoint : name of the group; there is none of that name.
    arrays : dimensions and values by name.
    attributes : of the group.
    """
    group = zarr.open_group(path, mode="a").create_group(checkpoint)
    for name, (dimensions, values) in arrays.items():
        group.create_array(name, data=values, dimension_names=dimensions, chunks=_chunks(values))
    consolidate(path / checkpoint, attributes)


def _chunks(values: np.ndarray) -> tuple[int, ...]:
    """Return the shape of chunks that are no larger than a bound: cut along the first dimensions only."""
    shape = list(values.shape)
    for axis, length in enumerate(shape):
        size = values.itemsize * math.prod(shape)
        if size <= CHUNK_BYTES:
            break
        shape[axis] = max(1, length * CHUNK_BYTES // size)
    return tuple(shape)


def open_checkpoint(path: str | Path, checkpoint: str) -> zarr.Group:
    """Open what :func:`write_checkpoint` wrote."""
    return zarr.open_group(Path(path) / checkpoint, mode="r", use_consolidated=True)
