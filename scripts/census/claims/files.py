"""Results that claims read from the measures' own files, because they are not in the census."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from census.stores.matrices import layers_in

STORES, TABLES = ("gram", "concepts"), ("directions", "alignment")


class Files:
    """A :class:`census.claims.evidence.Source` of one network and data set at one checkpoint.

    Parameters
    ----------
    paths : paths of the stores and tables of all layers, by the names in :data:`STORES` and :data:`TABLES`.
    checkpoint : name of the checkpoint.
    """

    def __init__(self, paths: Mapping[str, Sequence[str]], checkpoint: str) -> None:
        self._checkpoint = checkpoint
        self._layers = {kind: layers_in(paths[kind]) for kind in STORES if kind in paths}
        here = [("checkpoint", "==", checkpoint)]
        self._tables = {
            kind: pd.concat([pd.read_parquet(path, filters=here) for path in paths[kind]])
            for kind in TABLES
            if kind in paths
        }

    def correlation(self, layer: str) -> NDArray[np.floating]:
        """See :class:`census.claims.evidence.Source`, as for the methods below."""
        return np.asarray(self._open("gram", layer)["correlation"][:])

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Read class counts."""
        return np.asarray(self._open("concepts", layer)["class_count"][:])

    def class_sizes(self, layer: str) -> NDArray[np.integer]:
        """Read the number of images of each class."""
        return np.asarray(self._open("concepts", layer)["class_size"][:])

    def class_entropies(self, layer: str) -> NDArray[np.floating]:
        """Read class entropies of singular vectors."""
        table = self._table("directions", layer)
        return table.loc[table["family"] == "svd", "class_entropy"].to_numpy(float)

    def alignment(self, layer: str) -> NDArray[np.floating]:
        """Read the resampled alignment."""
        columns = ["alignment_kurtosis", "alignment_kurtosis_pre"]
        return self._table("alignment", layer)[columns].to_numpy(float)

    def _open(self, kind: str, layer: str) -> zarr.Group:
        return self._layers[kind][layer].at(self._checkpoint)

    def _table(self, kind: str, layer: str) -> pd.DataFrame:
        table = self._tables[kind]
        return table[table["layer"] == layer]
