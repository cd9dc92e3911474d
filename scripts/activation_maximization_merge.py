"""Merge the activation-maximization images of a layer whose units were split among jobs."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.stores.matrices import merge_checkpoints

    merge_checkpoints(snakemake.output[0], snakemake.input, "unit")
    log.info("%d parts", len(snakemake.input))
