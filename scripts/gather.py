"""Put together the stores that the shards of a pass have filled."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    from census.activations.passes import pass_folder
    from census.activations.shards import gather

    shards = [Path(path) for path in snakemake.input.shards]
    stores = {Path(path).name.removesuffix(".zarr"): Path(path) for path in snakemake.output}
    folder = pass_folder(shards[0].parent, stores, len(shards))
    gather(shards, folder / "whole", stores)
    log.info("%d layers from %d shards", len(stores), len(shards))
