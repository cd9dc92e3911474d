"""How well a network names the class of an image: accuracy and loss, from its logits.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("performance", recorded["output"])["table"]
>>> bool(0 <= found["accuracy"].item() <= 1)
True
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.measures.declaration import Floats, Measure, Recordings, Table, column, count, share
from census.statistics.bootstrap import Estimate, mean_estimate

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters:
    """Accuracy and loss of a network on the data set on which it was trained."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""


class Checkpoint(Table, per="checkpoint"):
    """How well a network names the classes of images."""

    n_images: int = count("images seen", "images")
    resamples: int = column("the parameter of that name", range=(100, None))
    accuracy: Estimate = share("share of images whose largest logit is their class's")
    loss: Estimate = column("cross-entropy, mean over images", unit="nats", range=(0, None))


def compute(logits: "Recording", parameters: Parameters, seed: int) -> tuple[Checkpoint]:
    """Measure how well a network names the classes of images at a checkpoint."""
    # logits have no extent: their mean over positions is their value
    found = [performance(block, labels) for labels, block in logits.statistics("mean", beside=logits.labels)]
    accuracy, loss = (
        mean_estimate(np.concatenate(values), parameters.resamples, seed)
        for values in zip(*found, strict=True)
    )
    n_images, resamples = len(logits.labels), parameters.resamples
    return (
        Checkpoint(
            of=logits.attributes, n_images=n_images, resamples=resamples, accuracy=accuracy, loss=loss
        ),
    )


measure = Measure(
    name="performance",
    title="Accuracy and loss",
    reads={"logits": Recordings("output")},
    tables={"": Checkpoint},
    compute=compute,
    jobs="run",
    parameters=Parameters,
    where=lambda run: bool(run.has_performance),
    minutes=10,
)


class Performance(NamedTuple):
    """Per image, all of shape (images,).

    Attributes
    ----------
    accuracy : float64, 1 where the largest logit is the class's, else 0; of equal logits the first counts.
    loss : float64, cross-entropy in nats.
    """

    accuracy: Floats
    loss: Floats


def performance(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Performance:
    """Return whether each image is classified rightly, and its cross-entropy.

    Parameters
    ----------
    logits : float (images, classes).
    labels : integer (images,), the class of each image.

    Returns
    -------
    both are NaN for an image with a NaN among its logits.
    """
    right = (logits.argmax(1) == labels).astype(np.float64)
    loss = -np.take_along_axis(log_softmax(logits), labels[:, None].astype(int), 1)[:, 0]
    return Performance(np.where(np.isnan(logits).any(1), np.nan, right), loss)


def log_softmax(logits: NDArray[np.floating]) -> Floats:
    """Return the logarithms of the probabilities of classes, array of float64, shape (images, classes)."""
    logits = logits.astype(np.float64)
    largest = logits.max(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # infinite logits
        above = logits - np.where(np.isfinite(largest), largest, 0)
        return above - np.log(np.exp(above).sum(1, keepdims=True))


def right_images(
    logits: NDArray[np.floating], labels: NDArray[np.integer], images: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return those of the images, numbered as in the data set, that are classified rightly; see above."""
    return images[performance(logits, labels).accuracy == 1]
