"""Measure whether measures order the units of a layer alike, in the final and in the untrained network."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pandas as pd

    from census.measures.agreement import pair_counts, pooled, rank_correlations, resampled_units
    from census.statistics.bootstrap import percentile_interval

    # what there is of a unit, from how it answers to what it costs. Corrected and p values say the same
    # again, and flatness, which MF degrees hold already, has a mark in the place of what is undefined
    MEASURES = [
        *("mean_activation", "max_activation", "variance", "active_fraction", "lifetime_sparseness"),
        *("gini", "mf_degree"),
        *("selectivity", "auroc", "informedness", "precision_top_k"),
        *("rs_iam", "rs_am", "rs_natural"),
        *("ablation_loss", "ablation_accuracy", "ablation_worst_class"),
    ]
    TYPES = {
        **dict.fromkeys(("network", "dataset", "checkpoint", "layer"), "str"),
        "depth": "Int64",
        **dict.fromkeys(("first", "second"), "str"),
        **dict.fromkeys(("rho", "rho_low", "rho_high"), "float64"),
        **dict.fromkeys(("n", "resamples"), "int64"),
    }
    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    units = pd.read_parquet(snakemake.input[0])
    units = units[units["checkpoint"].isin(["0", "final"]) & (units["kind"] == "rectifier")]
    one, other = np.tril_indices(len(MEASURES), -1)
    tables = []

    def table_of(place, correlations, n_units):
        """Return a row for each two measures."""
        low, high = percentile_interval(correlations[1:])
        return pd.DataFrame(
            {
                **place,
                "first": np.array(MEASURES)[one],
                "second": np.array(MEASURES)[other],
                "rho": correlations[0, one, other],
                "rho_low": low[one, other],
                "rho_high": high[one, other],
                "n": n_units[one, other],
                "resamples": resamples,
            }
        )

    run = ["network", "dataset", "checkpoint"]
    for key, of_run in units.groupby(run, sort=True):
        place = dict(zip(run, key, strict=True))
        found, numbers = [], []
        for depth, here in of_run.groupby("depth", sort=True):
            values = here[MEASURES].to_numpy(float).T
            found.append(rank_correlations(values, resampled_units(len(here), resamples, seed, depth)))
            numbers.append(pair_counts(values))
            tables.append(
                table_of({**place, "layer": here["layer"].iloc[0], "depth": depth}, found[-1], numbers[-1])
            )
        whole = {**place, "layer": None, "depth": None}
        tables.append(table_of(whole, pooled(found, numbers), np.sum(numbers, axis=0)))
        log.info("%s: %d layers", key, len(found))
    # where no network has a rectified layer, a table without rows
    agreement = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(TYPES))
    agreement.astype(TYPES).to_parquet(snakemake.output[0], index=False)
