"""The inputs of a figure family in a job: tables, stores, images and settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import zarr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from census.data.store import open_dataset
from census.stores.groups import layers_in, open_checkpoint, open_group

Views = Mapping[str, Callable[[], Figure]]


@dataclass(frozen=True)
class Inputs:
    """The inputs from which a family is drawn.

    Attributes
    ----------
    files : paths by the keys that the family declares in :mod:`census.figures.families`.
    settings : the family's declared parameters, by their keys in the config.
    network, dataset : names of the run; empty for figures of the whole study.
    """

    files: Mapping[str, Sequence[str]]
    settings: Mapping[str, Any]
    network: str = ""
    dataset: str = ""

    @property
    def where(self) -> str:
        """Network and data set, as titles name them."""
        return f"{self.network} on {self.dataset}"

    def table(self, key: str) -> pd.DataFrame:
        """Read a table from all its files; each file may hold the rows of several layers."""
        return pd.concat(map(pd.read_parquet, self.files[key]), ignore_index=True)

    def groups(self, key: str, checkpoint: str | None) -> Iterator[zarr.Group]:
        """Yield the arrays of each layer in order of depth; attributes name the layer.

        Parameters
        ----------
        key : the input's key.
        checkpoint : name of the checkpoint; None for arrays that do not belong to one.
        """
        for layer in layers_in(self.files[key]).values():
            yield open_group(layer) if checkpoint is None else open_checkpoint(layer, checkpoint)

    def images(self, indices: Sequence[int] | NDArray[np.integer]) -> dict[int, NDArray[np.uint8]]:
        """Return images of the data set, uint8 (y, x, 1 or 3), by their indices, which may repeat."""
        wanted = np.unique(np.asarray(indices, np.int64))
        if len(wanted) == 0:
            return {}
        pixels = open_dataset(self.files["images"][0]).pixels.oindex[wanted]
        return dict(zip(wanted.tolist(), pixels, strict=True))
