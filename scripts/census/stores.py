"""What all Zarr stores of the study have in common."""

import warnings
from pathlib import Path

import zarr


def consolidate(path: Path) -> None:
    """Gather the metadata of a group's arrays in the group's own.

    Readers need not list the folder then, in which Snakemake leaves a file of its own.
    """
    with warnings.catch_warnings():  # readers that do not know it may ignore it, and lose nothing
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path, zarr_format=3)
