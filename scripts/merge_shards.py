"""Merge the stores of the shards of a forward pass."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.recording.shards import merge_shards
    from census.stores.paths import ARCHIVE

    shards = [Path(path) for path in snakemake.input.shards]
    stores = {Path(path).name.removesuffix(f".{ARCHIVE}"): Path(path) for path in snakemake.output}
    merge_shards(shards, Path(snakemake.params.folder) / "whole", stores)
    log.info("%d layers from %d shards", len(stores), len(shards))
