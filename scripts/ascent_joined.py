"""Put pictures that drive units of a layer together, of which each job made some."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    from census.stores import join_checkpoints

    join_checkpoints(Path(snakemake.output[0]), list(map(Path, snakemake.input)), "unit")
    log.info("%d blocks of units", len(snakemake.input))
