"""Bring the verdicts on all claims together: claim by claim, networks and data sets side by side."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    import pandas as pd

    tables = [pd.read_parquet(path) for path in snakemake.input]
    # all have the same claims in the same order
    claims = pd.concat(tables).sort_index(kind="stable")
    claims.to_csv(snakemake.output[0], sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    log.info("%s", claims["verdict"].value_counts().to_dict())
