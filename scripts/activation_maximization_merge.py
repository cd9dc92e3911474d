"""Merge the activation-maximization images of a layer whose units were split among jobs."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.stores.groups import merge_checkpoints

    merge_checkpoints(Path(snakemake.output[0]), list(map(Path, snakemake.input)), "unit")
    log.info("%d parts", len(snakemake.input))
