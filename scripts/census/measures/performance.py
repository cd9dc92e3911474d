"""Accuracy and loss of a network, from its logits.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("performance", recorded["output"])["table"]
>>> bool(0 <= found["accuracy"].item() <= 1)
True
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from census.measures.columns import Table, column, count, share
from census.measures.declaration import Measure, Recordings
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, mean_estimate
from census.statistics.performance import performance

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters(ImageResamples):
    """Accuracy and loss of a network on the data set on which it was trained."""


class Checkpoint(Table, per="checkpoint"):
    """Accuracy and loss of a network at a checkpoint."""

    n_images: int = count("recorded images", "images")
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    accuracy: Estimate = share("share of images that are correctly classified")
    loss: Estimate = column("cross-entropy, mean over images", unit="nats", range=(0, None))


def compute(logits: "Recording", parameters: Parameters, seed: int) -> tuple[Checkpoint]:
    """Measure accuracy and loss of a network at a checkpoint."""
    # logits have one position, so the mean over positions is their value
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
