"""Merge the ablation tables of a layer whose units were split among jobs."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    import pyarrow.parquet as pq

    from census.interventions.ablation_tables import with_counts
    from census.tables.merging import read_tables

    units = read_tables(snakemake.input.units)
    units, layers = with_counts(units, pq.read_table(snakemake.input.layer))
    pq.write_table(units, snakemake.output.units)
    for name in ("curves", "images"):
        pq.write_table(pq.read_table(snakemake.input[name]), snakemake.output[name])
    pq.write_table(layers, snakemake.output.layer)
    for row in layers.to_pylist():
        log.info("%s", row)
