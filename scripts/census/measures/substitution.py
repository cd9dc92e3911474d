"""How replaceable a unit is: how many others of its layer answer more to what drives it.

References
----------
S3: Chen et al. (2018), Understanding the importance of single directions via representative substitution.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, column, count, share
from census.measures.declaration import Matrices, Measure, NoParameters, Recordings
from census.statistics.reliability import of_seeds
from census.statistics.top_images import NONE, top_images

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording


class Units(Table, per="unit"):
    """How replaceable each unit is. What pictures were not made for was not measured."""

    rs_iam: Floats = share(
        "representative substitution: share of the layer's units that answer more to the unit's picture by "
        "inhibitory activation maximization; mean over seeds that did not fail",
        "S3",
    )
    rs_iam_low: Floats = share("least over these seeds", "ours")
    rs_iam_high: Floats = share("largest over these seeds", "ours")
    rs_am: Floats = share("the same for the picture by plain activation maximization", "S3")
    rs_am_low: Floats = share("least over these seeds", "ours")
    rs_am_high: Floats = share("largest over these seeds", "ours")
    rs_natural: Floats = share("the same for the image on which the unit's mean is largest", "ours")
    rs_iam_failed: Floats = count(
        "failed ascents, of `measures.ascent.seeds` (IAM): the unit is silent on the finished picture, or "
        "responds less to it than to a natural image",
        "ascents",
        "ours",
    )
    rs_am_failed: Floats = count("the same for plain activation maximization", "ascents", "S3")
    natural_image: Integers = column(
        "index, in the data set, of the image on which the unit's mean is largest", "ours", range=(0, None)
    )
    natural_maximum: Floats = column("the unit's mean on that image", "ours")
    iam_over_natural: Floats = column(
        "mean response to its IAM pictures over the natural maximum; failed ascents left out", "ours"
    )
    am_over_natural: Floats = column(
        "mean response to its AM pictures over the natural maximum; failed ascents left out", "ours"
    )


class Layer(Table, per="layer"):
    """How many units of a layer are replaceable."""

    n_units: int = count("units of the layer", "units")
    n_sampled: int = count("units for which pictures were made", "units")
    n_seeds: int = count("pictures of each unit and kind", "pictures")
    n_silent_units: int = count("units that no image activates", "units")
    n_failed_iam: int = count("sampled units for which all ascents failed (IAM)", "units")
    n_failed_ascents_iam: int = count("ascents that failed (IAM)", "ascents")
    share_unconverged_iam: float = share(
        "share of ascents, of those that did not diverge, whose objective still gained 1 % or more over the "
        "last sixth of the steps (IAM)",
        "ours",
    )
    reliability_rs_iam: float = column(
        "reliability of `rs_iam`: rank correlation over units of each two seeds, stepped up to all seeds",
        "ours",
        range=(None, 1),
    )
    share_rs_iam_zero: float = share(
        "share of sampled units, failed ones left out, that no other unit beats on their own IAM picture",
        "S3",
    )
    n_failed_am: int = count("sampled units for which all ascents failed (AM)", "units")
    n_failed_ascents_am: int = count("ascents that failed (AM)", "ascents")
    reliability_rs_am: float = column("reliability of `rs_am`", "ours", range=(None, 1))
    share_unconverged_am: float = share("the same share of ascents for AM", "ours")
    share_rs_am_zero: float = share("the same for AM", "S3")


def compute(
    layer: "Recording", ascent: "LayerMatrices", parameters: NoParameters, seed: int
) -> Iterator[Units | Layer]:
    """Measure how replaceable units are: on pictures made for them, and on images that drive them most."""
    sampled, responses, (n_units, *_) = ascent["unit"], ascent["response"], layer.shape
    # the image with the largest mean over positions, which is what an ascent maximizes, too
    blocks = layer.statistics("mean")
    top = top_images(
        ((those, values, np.zeros(values.shape, np.int32)) for those, values in blocks), n_units, k=1
    )
    natural_image, natural_maximum = top.images[:, 0], top.values[:, 0].astype(np.float64)
    answering = np.flatnonzero(natural_image != NONE)
    order = np.argsort(layer.images)
    places = order[np.searchsorted(layer.images, natural_image[answering], sorter=order)]
    rs_natural = np.full(n_units, np.nan)
    rs_natural[answering] = representative_substitution(layer.on_images("mean", places), answering)

    def of_sampled(values: NDArray[Any]) -> "np.ma.MaskedArray[Any, Any]":
        everywhere, mask = np.zeros(n_units), np.ones(n_units, bool)
        everywhere[sampled], mask[sampled] = values, False
        return np.ma.MaskedArray(everywhere, mask)

    columns: dict[str, Any] = {}
    row: dict[str, Any] = {}
    objectives = ascent.attributes["objectives"]
    for objective, those, paths in zip(objectives, responses, ascent["path"], strict=True):
        own = those[:, np.arange(len(sampled)), sampled].astype(np.float64)
        failed = own < natural_maximum[sampled]
        shares = np.where(failed, np.nan, representative_substitution(those, sampled))
        unconverged = unconverged_ascents(paths)
        mean, least, largest = over_seeds(shares)
        columns |= {
            f"rs_{objective}": of_sampled(mean),
            f"rs_{objective}_low": of_sampled(least),
            f"rs_{objective}_high": of_sampled(largest),
            f"rs_{objective}_failed": of_sampled(np.isnan(shares).sum(0)),
            f"{objective}_over_natural": of_sampled(
                over_seeds(np.where(np.isnan(shares), np.nan, own)).mean / natural_maximum[sampled]
            ),
        }
        n_known = int((~np.isnan(mean)).sum())
        row |= {
            f"n_failed_{objective}": len(sampled) - n_known,
            f"n_failed_ascents_{objective}": int(np.isnan(shares).sum()),
            f"share_unconverged_{objective}": float(over_seeds(unconverged.reshape(-1, 1)).mean[0]),
            f"reliability_rs_{objective}": of_seeds(shares),
            # of the units of which there is a number
            f"share_rs_{objective}_zero": float((mean == 0).sum() / n_known) if n_known else np.nan,
        }
    yield Units(
        of=layer.attributes,
        natural_image=np.ma.masked_equal(natural_image, NONE),
        natural_maximum=natural_maximum,
        rs_natural=rs_natural,
        **columns,
    )
    yield Layer(
        of=layer.attributes,
        n_units=n_units,
        n_sampled=len(sampled),
        n_seeds=responses.shape[1],
        n_silent_units=n_units - len(answering),
        **row,
    )


measure = Measure(
    name="substitution",
    title="Substitution of units",
    reads={"layer": Recordings(checkpoints="units"), "ascent": Matrices("ascent")},
    tables={"units": Units, "layer": Layer},
    compute=compute,
    jobs="units",
    minutes=30,
)


class OverSeeds(NamedTuple):
    """What was found from several seeds, of shape (units,) each; NaN where none of them gave a number.

    Attributes
    ----------
    mean, least, largest : float64, of the seeds that gave a number.
    """

    mean: Floats
    least: Floats
    largest: Floats


def representative_substitution(responses: NDArray[np.floating], units: NDArray[np.integer]) -> Floats:
    """Return the share of a layer's units that answer to a picture more than its own unit (S3, eq. 4).

    Parameters
    ----------
    responses : float (…, pictures, units), means over positions of all units of the layer, behind the
        rectifier, on pictures that drive one of them each.
    units : integer (pictures,), which one.

    Returns
    -------
    float64 (…, pictures), from 0, where no unit answers more, to below 1; NaN where a picture fails to drive
    its unit: where that does not answer above 0, or where responses are no numbers.
    """
    own = responses[..., np.arange(len(units)), units]
    shares = (responses > own[..., None]).mean(-1)
    return np.where((own > 0) & np.isfinite(responses).all(-1), shares, np.nan)


def unconverged_ascents(paths: NDArray[np.floating]) -> Floats:
    """Return which ascents were still gaining at their end: by 1 % or more over the last sixth of the steps.

    Parameters
    ----------
    paths : float (…, steps + 1), the objective before each step, and at the end.

    Returns
    -------
    float64 (…), 1 or 0; NaN for an ascent that diverged.
    """
    end = paths[..., -1].astype(np.float64)
    gained = end - paths[..., -1 - max(1, (paths.shape[-1] - 1) // 6)]
    return np.where(np.isfinite(gained), gained >= 0.01 * np.abs(end), np.nan)


def over_seeds(values: Floats) -> OverSeeds:
    """Return what several seeds gave in common.

    Parameters
    ----------
    values : float64 (seeds, units), NaN where a seed gave no number.
    """
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0).sum(0) / known.sum(0)
    least = np.where(known, values, np.inf).min(0)
    largest = np.where(known, values, -np.inf).max(0)
    some = known.any(0)
    return OverSeeds(mean, np.where(some, least, np.nan), np.where(some, largest, np.nan))
