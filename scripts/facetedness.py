"""Tell single- from multi-faceted units, by the MF degrees of a whole network, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pandas as pd

    from census.measures.concepts import finite_mean, is_multi_faceted, is_single_faceted, tail_p_values
    from census.statistics.significance import benjamini_hochberg

    LEVEL = 0.05
    layers = pd.concat(map(pd.read_parquet, snakemake.input.layers), ignore_index=True)
    units = pd.concat(map(pd.read_parquet, snakemake.input.units), ignore_index=True)
    top, n_images = layers["top"].iloc[0], layers.groupby("checkpoint", sort=False)["n_images"].first()
    seen = ", ".join(f"{count} at {checkpoint}" for checkpoint, count in n_images.items())
    if (n_images <= top).any():
        log.warning(
            "measures.concepts.top: %d images asked for, and there are %s: where there are no more, all "
            "images that a unit answers to are its top images, and tell little of what it prefers",
            top,
            seen,
        )
    if n_images.nunique() > 1:
        log.warning(
            "checkpoint_images: there are %s images; the top %d of more images are more extreme, and do not "
            "compare with those of fewer",
            seen,
            top,
        )
    parts, rows = [], []
    for checkpoint, network in units.groupby("checkpoint", sort=False):
        # the whole network's mean, and its highest degree; the channels of the image are no units of it
        degrees = network.loc[network["kind"] != "input", "mf_degree"].to_numpy()
        mean = finite_mean(degrees)
        highest = max(degrees[np.isfinite(degrees)], default=np.nan)
        for depth, table in network.groupby("depth"):
            degree = table["mf_degree"].to_numpy()
            compared = degree if (table["kind"] != "input").all() else np.full(len(degree), np.nan)
            multi, single = is_multi_faceted(compared, mean), is_single_faceted(compared, mean)
            by_normal, by_rank = tail_p_values(compared, multi)
            corrected = benjamini_hochberg(by_normal)
            parts.append(
                table.assign(
                    mf_normalised=compared / highest if highest > 0 else np.nan,
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
            }
            # of the image there are none, rather than a share of 0
            for name, side in (("mf", multi), ("sf", single)):
                shares = {
                    f"share_{name}": side,
                    f"share_{name}_significant": side & (by_normal < LEVEL),
                    f"share_{name}_significant_bh": side & (corrected < LEVEL),
                }
                row[f"n_{name}"] = int(side.sum())
                row |= {
                    column: np.nan if compared is not degree else units_of.mean()
                    for column, units_of in shares.items()
                }
            rows.append(row)
        log.info("%s: mean MF degree %.3f, highest %.3f", checkpoint, mean, highest)
    pd.concat(parts).to_parquet(snakemake.output.units, index=False)
    pd.DataFrame(rows).astype({"step": "Int64"}).to_parquet(snakemake.output.layers, index=False)
