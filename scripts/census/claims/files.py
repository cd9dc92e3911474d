"""Results that claims read from the measures' own files, because they are not in the census."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from census.data.store import open_dataset
from census.statistics.top_images import NONE
from census.stores.matrices import layers_in

STORES, TABLES = ("gram", "concepts"), ("directions", "alignment")
# further tables, of specifications other than the claims' own
FURTHER = ("similarity", "families", "effects", "ablation")
# columns of layers that are not in the census, by further table
OF_LAYERS = {
    "alignment_layers": [f"alignment_{each}{end}" for each in ("gini", "hoyer") for end in ("", "_pre")],
    "directions_layers": ["redundancy_bottom_variance", "redundancy_bottom_svd"],
}
FAMILIES = ("reconstruction", "code_kurtosis", "code_gini", "code_hoyer", "class_entropy", "stability_half")
EFFECTS = ("ablation_kl", "ablation_changed")


def with_further_columns(layers: pd.DataFrame, paths: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return rows of the census of layers of a network with the columns of :data:`OF_LAYERS`."""
    for table, columns in OF_LAYERS.items():
        keys = ["checkpoint", "layer"]
        further = pd.concat([pd.read_parquet(path, columns=[*keys, *columns]) for path in paths[table]])
        layers = layers.merge(further, on=keys, how="left")
    return layers


class Files:
    """A :class:`census.claims.evidence.Source` of one network and data set at one checkpoint.

    Parameters
    ----------
    paths : paths of the stores and tables of all layers, by the names in :data:`STORES`, :data:`TABLES` and
        :data:`FURTHER`, and of the data set as ``images``. Names may be left out if no method needs them.
    checkpoint : name of the checkpoint.
    """

    def __init__(self, paths: Mapping[str, Sequence[str]], checkpoint: str) -> None:
        self._checkpoint = checkpoint
        self._layers = {kind: layers_in(paths[kind]) for kind in STORES if kind in paths}
        here = [("checkpoint", "==", checkpoint)]
        self._tables = {
            kind: pd.concat([pd.read_parquet(path, filters=here) for path in paths[kind]])
            for kind in (*TABLES, *FURTHER)
            if paths.get(kind)
        }
        self._images = paths.get("images", ())
        self._top_classes: dict[str, NDArray[np.integer]] = {}

    def correlation(self, layer: str) -> NDArray[np.floating]:
        """See :class:`census.claims.evidence.Source`, as for the methods below."""
        return np.asarray(self._open("gram", layer)["correlation"][:])

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Read class counts."""
        return np.asarray(self._open("concepts", layer)["class_count"][:])

    def class_sizes(self, layer: str) -> NDArray[np.integer]:
        """Read the number of images of each class."""
        return np.asarray(self._open("concepts", layer)["class_size"][:])

    def class_entropies(self, layer: str, images: str) -> NDArray[np.floating]:
        """Read class entropies of singular vectors."""
        table = self._table("directions", layer)
        column = "class_entropy" if images == "both" else f"class_entropy_{images}"
        return table.loc[table["family"] == "svd", column].to_numpy(float)

    def alignment(self, layer: str) -> NDArray[np.floating]:
        """Read the resampled alignment."""
        columns = ["alignment_kurtosis", "alignment_kurtosis_pre"]
        return self._table("alignment", layer)[columns].to_numpy(float)

    @cached_property
    def _labels(self) -> NDArray[np.integer]:
        """Class of each image of the data set."""
        return open_dataset(self._images[0]).labels

    def top_classes(self, layer: str) -> NDArray[np.integer]:
        """Read top images, and the classes of these."""
        if layer not in self._top_classes:
            images = self._open("concepts", layer)["top_image"][:]
            self._top_classes[layer] = np.where(images == NONE, NONE, self._labels[images])
        return self._top_classes[layer]

    def similarities(self, layer: str, column: str) -> "pd.Series[float]":
        """Read similarities between layers."""
        return self._table("similarity", layer).set_index("other_layer")[column]

    def families(self, layer: str) -> pd.DataFrame:
        """Read measures of families of directions; of some layers, there are none."""
        if "families" not in self._tables:
            return pd.DataFrame(columns=FAMILIES + EFFECTS)
        measures, effects = (self._table(kind, layer).set_index("family") for kind in ("families", "effects"))
        return measures.join(effects[list(EFFECTS)])

    def ablation(self, layer: str, mode: str) -> pd.DataFrame:
        """Read the ablation effects of units, of which a sample is ablated."""
        table = self._table("ablation", layer)
        effects = ["ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy"]
        return table[table["mode"] == mode].set_index("unit")[effects]

    def _open(self, kind: str, layer: str) -> zarr.Group:
        return self._layers[kind][layer].at(self._checkpoint)

    def _table(self, kind: str, layer: str) -> pd.DataFrame:
        table = self._tables[kind]
        return table[table["layer"] == layer]
