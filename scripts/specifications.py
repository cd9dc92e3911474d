"""Test the studies' claims on one network and data set under all defensible choices of their parameters."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.claims.declared import CLAIMS
    from census.claims.evidence import Evidence
    from census.claims.files import FURTHER, OF_LAYERS, STORES, TABLES, Files, with_further_columns
    from census.claims.specifications import specifications
    from census.tables.merging import read_tables

    run = {**snakemake.params.run, "checkpoint": "final"}
    layers, units = (
        read_tables([path], **run).to_pandas() for path in (snakemake.input.layers, snakemake.input.units)
    )
    files = {kind: list(snakemake.input[kind]) for kind in (*STORES, *TABLES, *FURTHER, *OF_LAYERS, "images")}
    evidence = Evidence(
        with_further_columns(layers, files),
        *(units, Files(files, "final"), snakemake.params.resamples, snakemake.params.seed),
        normalizer=snakemake.params.normalizer,
        modes=snakemake.params.modes,
    )
    table = specifications(CLAIMS, evidence)
    for place, (name, value) in enumerate(run.items()):
        table.insert(2 + place, name, value)
    table.to_parquet(snakemake.output[0], index=False)
    for id, agrees in table.groupby("id", sort=False)["agrees"]:
        log.info("%s: %d of %d specifications agree", id, agrees.sum(), len(agrees))
