"""Compute the declared measure that has the name of the rule."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]):
    from census.tables.measuring import run

    # Snakemake passes a single file without a list
    files = {name: [found] if isinstance(found, str) else found for name, found in snakemake.input.items()}
    run(snakemake.rule, files, dict(snakemake.output.items()), dict(snakemake.params.items()))
