"""The store of a layer's Gram matrices: a Zarr group per checkpoint, named as the checkpoint.

===========  ====================  =======  =====================================================
array        dimensions            dtype    content
===========  ====================  =======  =====================================================
gram         image, other_image    float64  inner products of patterns
sums         image                 float64  sums of patterns
deviations   image                 float64  squared deviations of patterns from their means, summed
correlation  image, other_image    float32  pattern correlation; NaN where it is undefined
image        image                 int64    index in the data set
label        image                 int32    class
===========  ====================  =======  =====================================================

The attributes of a group are those of the layer's store of activations.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from census.measures.gram import Gram
from census.stores import write_checkpoint


def write_grams(path: Path, checkpoints: Mapping[str, tuple[zarr.Group, Gram, NDArray[np.floating]]]) -> None:
    """Write a layer's matrices.

    Parameters
    ----------
    path : where; nothing is there.
    checkpoints : by the checkpoint's name, the store of activations, and the Gram and correlation matrices of
        the images that have maps in it.
    """
    for checkpoint, (store, gram, correlation) in checkpoints.items():
        arrays = {
            "gram": gram.products,
            "sums": gram.sums,
            "deviations": gram.deviations,
            "correlation": correlation.astype(np.float32),
            "image": store["map_image"][:],
            "label": store["map_label"][:],
        }
        attributes = {**store.attrs, "n_neurons": gram.n_neurons, "coordinates": "label"}
        write_checkpoint(
            path,
            checkpoint,
            {name: (("image", "other_image")[: values.ndim], values) for name, values in arrays.items()},
            attributes,
        )
