"""The measures' own files, from which claims take what does not stand in the census."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from census.stores import open_checkpoint

KINDS = ("gram", "concepts", "directions", "alignment")


class Files:
    """A :class:`census.claims.evidence.Source` of one network and data set at one checkpoint.

    Parameters
    ----------
    paths : for each of :data:`KINDS`, the file or store of each layer, by the layer's name.
    checkpoint : name of the checkpoint.
    """

    def __init__(self, paths: Mapping[str, Mapping[str, str]], checkpoint: str) -> None:
        self._paths, self._checkpoint = paths, checkpoint

    def correlation(self, layer: str) -> NDArray[np.floating]:
        """See :class:`census.claims.evidence.Source`, as for the methods below."""
        return np.asarray(open_checkpoint(self._paths["gram"][layer], self._checkpoint)["correlation"][:])

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Read class counts."""
        return np.asarray(open_checkpoint(self._paths["concepts"][layer], self._checkpoint)["class_count"][:])

    def class_entropies(self, layer: str) -> NDArray[np.floating]:
        """Read class entropies of singular vectors."""
        table = self._table("directions", layer)
        return table.loc[table["family"] == "svd", "class_entropy"].to_numpy(float)

    def alignment(self, layer: str) -> NDArray[np.floating]:
        """Read resampled z."""
        return self._table("alignment", layer)[["alignment_z", "alignment_z_before"]].to_numpy(float)

    def _table(self, kind: str, layer: str) -> pd.DataFrame:
        table = pd.read_parquet(self._paths[kind][layer])
        return table[table["checkpoint"] == self._checkpoint]
