"""The stores of Gram matrices: a Zarr group per layer, and in it one per checkpoint.

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

from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from census.statistics.gram import Gram, Products
from census.stores.groups import layers_in, open_checkpoint, write_checkpoint


def write_gram(store: Path, activations: zarr.Group, gram: Gram, correlation: NDArray[np.floating]) -> None:
    """Write the matrices of a layer at one checkpoint.

    Parameters
    ----------
    store : where; it is made with its first matrices.
    activations : the layer's store of activations.
    gram, correlation : of the images that have maps in it.
    """
    arrays = {
        "gram": gram.products,
        "sums": gram.sums,
        "deviations": gram.deviations,
        "correlation": correlation.astype(np.float32),
        "image": activations["map_image"][:],
        "label": activations["map_label"][:],
    }
    write_checkpoint(
        store,
        {name: (("image", "other_image")[: values.ndim], values) for name, values in arrays.items()},
        {**activations.attrs, "n_neurons": gram.n_neurons, "coordinates": "label"},
    )


def write_products(store: Path, activations: zarr.Group, products: Products) -> None:
    """Write what was found over a part of a layer's neurons at one checkpoint.

    Parameters
    ----------
    store : of the part; it is made with its first checkpoint.
    activations : the layer's store of activations.
    products : see :func:`census.statistics.gram.multiply`.
    """
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "products": (("image", "other_image"), products.products),
        "sums": (("image",), products.sums),
        "shift": (("image",), products.shift),
    }
    place = {name: activations.attrs[name] for name in ("layer", "checkpoint")}
    write_checkpoint(store, arrays, {**place, "n_neurons": products.n_neurons})


def read_products(store: str | Path, layer: str, checkpoint: str) -> Products:
    """Read what :func:`write_products` wrote."""
    group = open_checkpoint(layers_in([store])[layer], checkpoint)
    products, sums, shift = (group[name][:] for name in ("products", "sums", "shift"))
    return Products(products, sums, shift, group.attrs["n_neurons"])
