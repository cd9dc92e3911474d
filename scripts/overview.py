"""Write the start page of the report."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]):
    from pathlib import Path

    from census.claims.verdict import read_verdicts
    from census.drawing.overview import overview

    page = overview(read_verdicts(snakemake.input.claims), snakemake.params.figures)
    Path(snakemake.output[0]).write_text(page, encoding="utf-8")
