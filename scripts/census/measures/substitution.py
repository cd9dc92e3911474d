"""Replaceability of units: the share of the layer's units that respond more strongly to a unit's images.

References
----------
Chen et al. (2018), Understanding the importance of single directions via representative substitution.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, column, count, share
from census.measures.declaration import Matrices, Measure, NoParameters, Recordings
from census.statistics.defined import mean_over
from census.statistics.reliability import PREFIX, of_seeds
from census.statistics.subset import places_of
from census.statistics.top_images import NONE, top_by_value

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording

# an optimization has converged if its objective gained less than this share over the last sixth of its steps
GAIN, PART = 0.01, 6
LEAST_STEPS = 24  # minimum number of steps to judge convergence


class Units(Table, per="unit"):
    """Replaceability of each unit; null for units without activation-maximization images."""

    rs_iam: Floats = share(
        "representative substitution (RS) on images by independent activation maximization (IAM): share of "
        "the layer's units that respond more strongly to the unit's image than the unit itself; mean over "
        "seeds that did not fail",
        "Chen et al. 2018",
    )
    rs_iam_low: Floats = share("smallest RS (IAM) over these seeds", "ours")
    rs_iam_high: Floats = share("largest RS (IAM) over these seeds", "ours")
    rs_am: Floats = share(
        "representative substitution on images by activation maximization (AM); mean over seeds that did "
        "not fail",
        "Chen et al. 2018",
    )
    rs_am_low: Floats = share("smallest RS (AM) over these seeds", "ours")
    rs_am_high: Floats = share("largest RS (AM) over these seeds", "ours")
    rs_natural: Floats = share(
        "representative substitution on the image with the unit's largest mean activation", "ours"
    )
    rs_iam_failed: Floats = count(
        "failed IAM images, of `measures.activation_maximization.seeds`: the unit is inactive on the image, "
        "or responds less strongly to it than to a natural image",
        "images",
        "ours",
    )
    rs_am_failed: Floats = count(
        "failed AM images, of `measures.activation_maximization.seeds`: the unit is inactive on the image, "
        "or responds less strongly to it than to a natural image",
        "images",
        "Chen et al. 2018",
    )
    natural_image: Integers = column(
        "index, in the data set, of the image with the unit's largest mean activation",
        "ours",
        range=(0, None),
    )
    natural_maximum: Floats = column(
        "largest mean activation of the unit on an image of the data set; NaN if it is above 0 on none",
        "ours",
    )
    iam_over_natural: Floats = column(
        "mean response to the unit's IAM images divided by `natural_maximum`; failed images left out", "ours"
    )
    am_over_natural: Floats = column(
        "mean response to the unit's AM images divided by `natural_maximum`; failed images left out", "ours"
    )


class Layer(Table, per="layer"):
    """Replaceability of a layer's units."""

    n_units: int = count("units of the layer", "units")
    n_sampled: int = count("units with activation-maximization images", "units")
    n_seeds: int = count("images per unit and objective", "images")
    n_inactive_units: int = count("units whose mean activation is above 0 on no image", "units")
    n_failed_iam: int = count("sampled units all of whose IAM images failed", "units")
    n_failed_images_iam: int = count("IAM images that failed", "images")
    share_unconverged_iam: float = share(
        "share of IAM images, without diverged ones, whose objective still gained 1 % or more over the last "
        "sixth of all steps",
        "ours",
    )
    reliability_rs_iam: float = column(
        "reliability of `rs_iam`: rank correlation over units between seeds, extrapolated to all seeds",
        "ours",
        range=(-1, 1),
    )
    share_rs_iam_zero: float = share(
        "share of sampled units, without failed ones, that have no substitutes on their IAM images",
        "Chen et al. 2018",
    )
    n_failed_am: int = count("sampled units all of whose AM images failed", "units")
    n_failed_images_am: int = count("AM images that failed", "images")
    reliability_rs_am: float = column(
        "reliability of `rs_am`: rank correlation over units between seeds, extrapolated to all seeds",
        "ours",
        range=(-1, 1),
    )
    share_unconverged_am: float = share(
        "share of AM images, without diverged ones, whose objective still gained 1 % or more over the last "
        "sixth of all steps",
        "ours",
    )
    share_rs_am_zero: float = share(
        "share of sampled units, without failed ones, that have no substitutes on their AM images",
        "Chen et al. 2018",
    )


def compute(
    layer: "Recording", maximization: "LayerMatrices", parameters: NoParameters, seed: int
) -> Iterator[Units | Layer]:
    """Measure representative substitution on activation-maximization images and on top images."""
    sampled, responses, (n_units, *_) = maximization["unit"], maximization["response"], layer.shape
    # the image with the largest mean over positions, which is also the objective of activation maximization
    top = top_by_value(layer.statistics("mean"), n_units, k=1)
    natural_image, natural_maximum = top.images[:, 0], top.values[:, 0].astype(np.float64)
    active = np.flatnonzero(natural_image != NONE)
    places = places_of(natural_image[active], layer.images)
    rs_natural = np.full(n_units, np.nan)
    rs_natural[active] = representative_substitution(layer.on_images("mean", places), active)

    def of_sampled(values: NDArray[Any]) -> "np.ma.MaskedArray[Any, Any]":
        everywhere, mask = np.zeros(n_units), np.ones(n_units, bool)
        everywhere[sampled], mask[sampled] = values, False
        return np.ma.MaskedArray(everywhere, mask)

    columns: dict[str, Any] = {}
    row: dict[str, Any] = {}
    objectives = maximization.attributes["objectives"]
    for objective, those, trajectories in zip(objectives, responses, maximization["trajectory"], strict=True):
        own = those[:, np.arange(len(sampled)), sampled].astype(np.float64)
        shares = representative_substitution(those, sampled)
        shares = np.where(works(own, natural_maximum[sampled]), shares, np.nan)
        unconverged = unconverged_optimizations(trajectories)
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
            f"n_failed_images_{objective}": int(np.isnan(shares).sum()),
            f"share_unconverged_{objective}": float(over_seeds(unconverged.reshape(-1, 1)).mean[0]),
            f"{PREFIX}rs_{objective}": of_seeds(shares),
            # share of the units with a defined RS
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
        n_inactive_units=n_units - len(active),
        **row,
    )


measure = Measure(
    name="substitution",
    title="Substitution of units",
    reads={"layer": Recordings(checkpoints="units"), "maximization": Matrices("activation_maximization")},
    tables={"units": Units, "layer": Layer},
    compute=compute,
    jobs="units",
    minutes=30,
)


class OverSeeds(NamedTuple):
    """Mean, minimum and maximum over seeds, arrays of float64, shape (n_units,); NaN if all seeds are NaN."""

    mean: Floats
    least: Floats
    largest: Floats


def representative_substitution(responses: NDArray[np.floating], units: NDArray[np.integer]) -> Floats:
    """Return the share of units that respond more strongly to an image than its own unit does (eq. 4).

    Parameters
    ----------
    responses : array of float, shape (…, n_images, n_units), means over positions of all units of the layer,
        after the activation function, on images that each maximize one unit.
    units : array of integer, shape (n_images,), the unit of each image.

    Returns
    -------
    array of float64, shape (…, n_images), from 0, if no unit responds more strongly, to below 1; NaN if the
    image fails: its own unit is inactive, or responses are not finite.
    """
    own = responses[..., np.arange(len(units)), units]
    shares = (responses > own[..., None]).mean(-1)
    return np.where((own > 0) & np.isfinite(responses).all(-1), shares, np.nan)


def works(own: NDArray[np.floating], natural_maximum: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which optimized images activate their units, and no less than natural images do.

    Parameters
    ----------
    own : array of float, shape (…, n_units), the response of each unit to its image.
    natural_maximum : array of float, shape (n_units,), its largest response to natural images.
    """
    return (own > 0) & ~(own < natural_maximum)


def unconverged_optimizations(trajectories: NDArray[np.floating]) -> Floats:
    """Return whether optimizations have not converged: they gained 1 % or more over the last sixth of steps.

    With fewer than 24 steps, no optimization counts as converged.

    Parameters
    ----------
    trajectories : array of float, shape (…, n_steps + 1), the objective before each step and at the end.

    Returns
    -------
    array of float64, shape (…), 1 or 0; NaN for an optimization that diverged.
    """
    end = trajectories[..., -1].astype(np.float64)
    n_steps = trajectories.shape[-1] - 1
    gained = end - trajectories[..., -1 - n_steps // PART]
    is_open = (gained >= GAIN * np.abs(end)) | (n_steps < LEAST_STEPS)
    return np.where(np.isfinite(gained), is_open, np.nan)


def over_seeds(values: Floats) -> OverSeeds:
    """Return mean, minimum and maximum over seeds.

    Parameters
    ----------
    values : array of float64, shape (n_seeds, n_units), NaN if a seed failed.
    """
    return OverSeeds(mean_over(values), np.fmin.reduce(values), np.fmax.reduce(values))
