"""An order of images that places similar images next to each other."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from census.statistics.correlation import is_defined


def hierarchical_order(correlation: NDArray[np.floating]) -> NDArray[np.int64]:
    """Order images by hierarchical clustering: average linkage on 1 − r, leaves in optimal order.

    Parameters
    ----------
    correlation : array of float, shape (N, N), NaN in row and column of an image for which it is undefined.

    Returns
    -------
    array of int64, shape (N,), a permutation; images with undefined correlations come last, in their original
    order.

    References
    ----------
    Rupprecht (2018). Bar-Joseph, Gifford & Jaakkola (2001), Fast optimal leaf ordering for hierarchical
    clustering, Bioinformatics 17.
    """
    defined = is_defined(correlation)
    chosen = np.flatnonzero(defined)
    if len(chosen) > 2:
        distances = 1 - correlation[np.ix_(chosen, chosen)].astype(np.float64)
        np.fill_diagonal(distances, 0)
        # the triangles may differ by rounding
        condensed = squareform((distances + distances.T) / 2, checks=False)
        chosen = chosen[leaves_list(linkage(condensed, "average", optimal_ordering=True))]
    return np.concatenate([chosen, np.flatnonzero(~defined)]).astype(np.int64)
