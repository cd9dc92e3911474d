"""Draw the figures of a section of the report, for one run or for the whole study."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]):
    from census.drawing.job import draw

    draw(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        snakemake.params.settings,
        snakemake.params.run,
        snakemake.params.dpi,
        snakemake.params.width,
    )
