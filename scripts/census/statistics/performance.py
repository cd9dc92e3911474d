"""Accuracy and loss of a network on images, from its logits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Performance(NamedTuple):
    """Per image, all of shape (images,).

    Attributes
    ----------
    accuracy : float64, 1 if the largest logit is that of the image's class, else 0; ties go to the first.
    loss : float64, cross-entropy in nats.
    """

    accuracy: Floats
    loss: Floats


def performance(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Performance:
    """Return whether each image is classified correctly, and its cross-entropy.

    Parameters
    ----------
    logits : array of float, shape (n_images, n_classes).
    labels : array of integer, shape (n_images,), the class of each image.

    Returns
    -------
    accuracy and loss, both NaN for an image with a NaN among its logits.
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


def correct_images(
    logits: NDArray[np.floating], labels: NDArray[np.integer], images: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return the indices of correctly classified images, see :func:`performance`.

    Parameters
    ----------
    logits, labels : logits and class of each image.
    images : array of integer, shape (n_images,), index of each image in the data set.
    """
    return images[performance(logits, labels).accuracy == 1]
