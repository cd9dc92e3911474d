"""Convert a split of a data set to a Zarr store, from which all later jobs read images."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.data.convert import convert
    from census.data.sources import folder_of

    entry, split = dict(snakemake.params.entry), snakemake.wildcards.split
    convert(
        snakemake.wildcards.dataset,
        entry,
        split,
        Path(folder_of(entry, split) or snakemake.input[0]),
        Path(snakemake.output.store),
        Path(snakemake.output.table),
        Path(snakemake.output.unreadable),
        snakemake.threads,
        log,
        snakemake.params.classes,
    )
