"""Merge the verdicts on all claims, and add those over networks that are trained from several seeds."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    import pandas as pd

    from census.claims import specifications
    from census.claims.declared import CLAIMS
    from census.claims.networks import with_networks

    tables = [pd.read_parquet(path) for path in snakemake.input.claims]
    # all tables have the same claims in the same order
    claims = with_networks(
        pd.concat(tables).sort_index(kind="stable"), snakemake.params.figure, snakemake.params.failed
    )
    of_runs = pd.concat([pd.read_parquet(path) for path in snakemake.input.specifications])
    table = specifications.with_networks(of_runs, CLAIMS)
    table.to_parquet(snakemake.output.specifications, index=False)
    claims = specifications.with_shares(claims, table)
    claims.to_csv(snakemake.output.claims, sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    log.info("%s", claims["verdict"].value_counts().to_dict())
