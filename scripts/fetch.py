"""Fetch a source of images or weights."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.data.fetch import fetch

    fetch(snakemake.wildcards.source, Path(snakemake.output[0]), log)
