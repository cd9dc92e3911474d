"""Inner products and correlations of a layer's activation vectors, the basis of comparisons of images.

===========  ====================  =======  =====================================================
array        dimensions            dtype    content
===========  ====================  =======  =====================================================
gram         image, other_image    float64  inner products of vectors
sums         image                 float64  sums of vectors
deviations   image                 float64  squared deviations of vectors from their means, summed
correlation  image, other_image    float32  vector correlation; NaN where it is undefined
image        image                 int64    index in the data set
label        image                 int32    class
===========  ====================  =======  =====================================================

For layers with very many neurons, separate jobs compute products over parts of the neurons, to be added up.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from census.jobs import LOGGER
from census.measures.declaration import Arrays, Measure, NoParameters, Parts, Recordings
from census.statistics.correlation import image_correlation, is_defined
from census.statistics.gram import Products, combine, gram

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording


def compute(
    layer: "Recording", parts: Sequence["LayerMatrices"], parameters: NoParameters, seed: int
) -> tuple[Arrays]:
    """Compute the inner products of a layer's vectors, or add up those of its parts."""
    n_images = layer.n_map_images
    if n_images < 3:
        LOGGER.warning(
            "%s has activation maps of %d image(s), but similarity of layers needs at least 3, so it is "
            "undefined; raise n_map_images and n_images of this run, or add images to the data set",
            layer,
            n_images,
        )
    found = combine(map(_products, parts)) if parts else gram(layer.neuron_blocks())
    correlation = image_correlation(found)
    undefined = n_images - int(is_defined(correlation).sum())
    if found.n_neurons == 1:
        LOGGER.warning("%s has one neuron; correlations of vectors with one value are undefined", layer)
    elif undefined:
        LOGGER.warning("%s: %d of %d vectors are constant or not finite", layer, undefined, n_images)
    arrays: dict[str, np.ndarray] = {
        "gram": found.products,
        "sums": found.sums,
        "deviations": found.deviations,
        "correlation": correlation.astype(np.float32),
        "image": layer.images[:n_images],
        "label": layer.labels[:n_images],
    }
    return (
        Arrays(
            of={**layer.attributes, "n_neurons": found.n_neurons, "coordinates": "label"},
            arrays={
                name: (("image", "other_image")[: values.ndim], values) for name, values in arrays.items()
            },
        ),
    )


def _products(part: "LayerMatrices") -> Products:
    return Products(part["products"], part["sums"], part["shift"], part.attributes["n_neurons"])


measure = Measure(
    name="gram",
    title="Gram matrices",
    reads={"layer": Recordings(), "parts": Parts("parts_of_gram", "gram_part.py")},
    tables={},
    compute=compute,
    has_arrays=True,
    matrices=5,
)
