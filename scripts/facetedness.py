"""Tell single- from multi-faceted units, by the MF degrees of a whole network, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pandas as pd

    from census.measures.concepts import finite_mean, is_multi_faceted, is_single_faceted, tail_p_values
    from census.measures.significance import benjamini_hochberg

    LEVEL = 0.05
    layers = pd.concat(map(pd.read_parquet, snakemake.input.layers), ignore_index=True)
    units = pd.concat(map(pd.read_parquet, snakemake.input.units), ignore_index=True)
    parts, rows = [], []
    for checkpoint, network in units.groupby("checkpoint", sort=False):
        # the whole network's mean, and its highest degree
        mean = finite_mean(network["mf_degree"].to_numpy())
        finite = network["mf_degree"][np.isfinite(network["mf_degree"])]
        highest = finite.max() if len(finite) else np.nan
        for depth, table in network.groupby("depth"):
            degree = table["mf_degree"].to_numpy()
            multi, single = is_multi_faceted(degree, mean), is_single_faceted(degree, mean)
            by_normal, by_rank = tail_p_values(degree, multi)
            corrected = benjamini_hochberg(by_normal)
            parts.append(
                table.assign(
                    mf_normalised=degree / highest if highest > 0 else np.nan,
                    facetedness=np.select([multi, single], ["multi", "single"], None),
                    mf_p_normal=by_normal,
                    mf_p_rank=by_rank,
                    mf_q=corrected,
                )
            )
            here = (layers["checkpoint"] == checkpoint) & (layers["depth"] == depth)
            row = layers[here].iloc[0].to_dict()
            row |= {
                "n_even_units": int(np.isinf(degree).sum()),
                "gini_mean": table["gini"].mean(),
                "gini_chance": table.loc[table["n_top_images"].idxmax(), "gini_chance"],
                # silent units have no flatness: -1 is a mark, and no value to average
                "flatness_mean": table.loc[table["n_top_images"] > 0, "flatness"].mean(),
                "mf_mean": finite_mean(degree),
                "mf_chance": table.loc[table["n_top_images"].idxmax(), "mf_chance"],
                "mf_network_mean": mean,
                "mf_highest": table["mf_degree"].max(),
                "mf_lowest": table["mf_degree"].min(),
                "share_multi": multi.mean(),
                "share_single": single.mean(),
            }
            for name, side in (("multi", multi), ("single", single)):
                row[f"share_{name}_significant"] = (side & (by_normal < LEVEL)).mean()
                row[f"share_{name}_significant_bh"] = (side & (corrected < LEVEL)).mean()
            rows.append(row)
        log.info("%s: mean MF degree %.3f, highest %.3f", checkpoint, mean, highest)
    pd.concat(parts).to_parquet(snakemake.output.units, index=False)
    pd.DataFrame(rows).astype({"step": "Int64"}).to_parquet(snakemake.output.layers, index=False)
