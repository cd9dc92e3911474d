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

The attributes of a group are those of the layer's store of activations. What is found over a part of a
layer's neurons lies in a store of its own until all parts are there.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from census.measures.gram import Gram, Products
from census.stores import open_checkpoint, write_checkpoint


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


def write_products(path: Path, checkpoint: str, products: Products) -> None:
    """Write what was found over a part of a layer's neurons at one checkpoint.

    Parameters
    ----------
    path : of the part's store; it is made with its first checkpoint.
    checkpoint : its name.
    products : see :func:`census.measures.gram.multiply`.
    """
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "products": (("image", "other_image"), products.products),
        "sums": (("image",), products.sums),
        "shift": (("image",), products.shift),
    }
    write_checkpoint(path, checkpoint, arrays, {"n_neurons": products.n_neurons})


def read_products(path: str | Path, checkpoint: str) -> Products:
    """Read what :func:`write_products` wrote."""
    group = open_checkpoint(path, checkpoint)
    products, sums, shift = (group[name][:] for name in ("products", "sums", "shift"))
    return Products(products, sums, shift, group.attrs["n_neurons"])
