"""The inputs of a figure family in a job: tables, stores and images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import ArrayLike, NDArray

from census.claims.verdict import read_verdicts
from census.data.store import open_dataset
from census.figures.declaration import Family, Images, Input, Specifications, Verdicts, key_of
from census.measures.declaration import Matrices, Tables
from census.stores.matrices import layers_in


def inputs_of(family: Family, files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the inputs of a family by the arguments that take them.

    Parameters
    ----------
    files : paths by :func:`~census.figures.declaration.key_of`.
    """
    return {argument: _opened(read, files[key_of(read)]) for argument, read in family.reads.items()}


def _opened(read: Input, paths: Sequence[str]) -> Any:
    match read:
        case Tables():
            return read_table(paths) if paths else None
        case Matrices():
            return Stores(paths)
        case Images():
            return lambda indices: read_images(paths[0], indices)
        case Verdicts():
            return read_verdicts(paths[0])
        case Specifications():
            return pd.read_parquet(paths[0])


def read_table(paths: Sequence[str]) -> pd.DataFrame:
    """Read a table from all its files; each file may hold the rows of several layers."""
    return pd.concat(map(pd.read_parquet, paths), ignore_index=True)


def read_images(path: str, indices: ArrayLike) -> dict[int, NDArray[np.uint8]]:
    """Return images of a data set, uint8 (y, x, 1 or 3), by their indices, which may repeat."""
    wanted = np.unique(np.asarray(indices, np.int64))
    if len(wanted) == 0:
        return {}
    return dict(zip(wanted.tolist(), open_dataset(path).pixels.oindex[wanted], strict=True))


@dataclass(frozen=True)
class Stores:
    """The arrays that a measure wrote about a run.

    Attributes
    ----------
    paths : of its stores.
    """

    paths: Sequence[str]

    def groups(self, checkpoint: str) -> Iterator[zarr.Group]:
        """Yield the arrays of each layer at a checkpoint in order of depth; attributes name the layer."""
        for layer in layers_in(self.paths).values():
            yield layer.at(checkpoint)
