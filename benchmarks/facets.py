"""Facets of a unit: gray, red, green and blue of a hundred patches of 32×32 pixels, on one thread.

Images are sums of blurred random images, each present to a heavy-tailed degree, and noise. Of noise alone,
there would be no independent components to find.
"""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row
from census.measures.facets import facets
from census.measures.patches import cut, neutral_outside, shrink

PATCHES, SIDE, COMPONENTS, TARGET = 100, 32, 8, 0.3


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    cutting, decomposing, converged = [], [], []
    with threadpool_limits(1):
        # the first unit warms caches up, and does not count
        for unit in range(3 if options.quick else 41):
            random = np.random.default_rng(unit)
            images = _images(random)
            corners = random.integers(-SIDE, SIDE, (PATCHES, 2))
            start = time.perf_counter()
            patches = shrink(cut(images, corners, images.shape[1:3]), SIDE)
            middle = time.perf_counter()
            found = facets(neutral_outside(patches), COMPONENTS, seed=0)
            end = time.perf_counter()
            if unit:
                cutting.append(middle - start)
                decomposing.append(end - middle)
                converged.append(100 * float(np.mean(list(found.converged.values()))))
    yield Row(f"patches of a unit, cut and shrunk from {2 * SIDE}×{2 * SIDE}", cutting, "s")
    yield Row(f"facets of a unit, {PATCHES} patches of {SIDE}×{SIDE}", decomposing, "s", TARGET)
    yield Row("decompositions that converge, of a unit's four", converged, "%")


def _images(random: np.random.Generator) -> NDArray[np.uint8]:
    """Return images, uint8 (patch, 2 · SIDE, 2 · SIDE, 3)."""
    size = 2 * SIDE
    images = gaussian_filter(random.normal(size=(16, size, size, 3)), (0, 3, 3, 0))
    images /= images.std()
    degrees = random.laplace(scale=20, size=(PATCHES, len(images)))
    noise = random.normal(scale=3, size=(PATCHES, size, size, 3))
    return (128 + np.tensordot(degrees, images, 1) + noise).clip(0, 255).astype(np.uint8)
