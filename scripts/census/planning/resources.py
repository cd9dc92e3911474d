"""Memory and time limits of jobs, as resource functions for Snakemake."""

import json
from collections.abc import Callable
from math import ceil, prod
from pathlib import Path
from typing import Any

from census.planning.passes import Pass
from census.planning.plan import Place, Plan
from census.planning.runs import Run
from census.stores.archives import METADATA, first_entry

# memory in MB of the Snakemake that runs each submitted job
SNAKEMAKE_MB = 500

Megabytes = Callable[[Any, int], int]


def memory(megabytes: int | Callable[[Place], int]) -> Megabytes:
    """Return a job's memory in MB, multiplied by the attempt, plus that of its Snakemake.

    Parameters
    ----------
    megabytes : memory of the job's own process, or a function of wildcards that returns it.
    """

    def needed(wildcards: Place, attempt: int) -> int:
        own = megabytes(wildcards) if callable(megabytes) else megabytes
        return SNAKEMAKE_MB + attempt * own

    return needed


def memory_of_matrices(plan: Plan, count: Callable[[Run], int]) -> Megabytes:
    """Return the memory of a job that holds images × images matrices.

    Parameters
    ----------
    plan : plan of the study.
    count : number of matrices for a run.
    """

    def megabytes(wildcards: Place) -> int:
        run = plan.run_of(wildcards)
        # 0.14 MB per image: a block of neurons, see census.stores.activations.IMAGE_BYTES
        return 1000 + round(
            0.14 * run.settings.n_map_images + count(run) * 8e-6 * run.settings.n_map_images**2
        )

    return memory(megabytes)


def memory_of_pass(run: Run, batch: int) -> Megabytes:
    """Return the memory of a forward pass, which depends on the batch but not on the number of images.

    Parameters
    ----------
    run : the run that is recorded.
    batch : number of images in a batch.
    """
    # 14 times the largest tensor for all tensors and intermediate values that live at once; measured on
    # SqueezeNet, see docs/howto/budget.md
    tensors = 14 * max(layer.n_neurons for layer in run.known) * batch * 4
    # four summaries, 4 bytes each, of a chunk of about 512 images
    units = sum(layer.shape[0] for layer in run.recorded)
    return memory(1000 + round((tensors + 16 * units * max(512, batch)) / 1e6))


def memory_of_training(wildcards: Place, input: Any, attempt: int) -> int:
    """Return the memory of a training in MB: 3 GB, and all images of both splits."""
    shapes = [
        _metadata(store)["consolidated_metadata"]["metadata"]["pixels"]["shape"]
        for store in (input.train, input.test)
    ]
    return memory(3000)(wildcards, attempt) + round(sum(map(prod, shapes)) / 1e6)


def runtime_of_block(plan: Plan) -> Callable[[Any, Any], int]:
    """Return the time limit in minutes of a block's measure: an hour plus ten times the expected time."""

    def minutes(wildcards: Place, input: Any) -> int:
        arrays = _metadata(input[0])["consolidated_metadata"]["metadata"]
        run, images = plan.run_of(wildcards), arrays["mean"]["shape"][0]
        layers = set(plan.block_of(wildcards, "layers").layers)
        expected = sum(run.seconds_of_layer(layer, images) for layer in run.recorded if layer.name in layers)
        return 60 + ceil(10 * expected / 60)

    return minutes


def runtime_of_pass(this: Pass) -> Callable[[Any, Any, int], int]:
    """Return the time limit in minutes of a forward-pass job: 10 minutes plus twice the expected time."""
    # multiplications per neuron as in VGG16, which few networks exceed; on one core
    seconds = sum(layer.n_neurons for layer in this.run.known) * 1200 / 1e10
    wanted = this.settings["n_images"]

    def minutes(wildcards: Place, input: Any, threads: int) -> int:
        here = _metadata(input.images)["attributes"]["n_images"]
        seen = here if wanted is None else min(here, wanted)
        return 10 + ceil(2 * seen / this.shards * seconds / threads / 60)

    return minutes


def _metadata(store: str) -> Any:
    """Return the metadata of an input store, a folder or an archive."""
    path = Path(store)
    # if the store does not exist yet, FileNotFoundError makes Snakemake evaluate the resource again later
    path.stat()
    return json.loads((path / METADATA).read_bytes() if path.is_dir() else first_entry(path))
