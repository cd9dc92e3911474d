"""Measure how sparse layers are, at every checkpoint."""

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.sparsity import (
        active_counts,
        active_fraction,
        hoyer,
        is_signed,
        sums_over_images,
        sums_over_neurons,
        treves_rolls,
    )
    from census.statistics.bootstrap import mean_interval
    from census.stores.reading import map_blocks, open_store, statistic_blocks
    from census.tables.keys import key_columns

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    layer_tables, unit_tables = [], []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        units, height, width = store.attrs["shape"]
        positions, neurons = height * width, units * height * width
        n_images, n_map_images = store["mean"].shape[0], store["maps"].shape[0]
        active_in_images, active_in_units = active_counts(statistic_blocks(store, "nonzero"), units)
        patterns = sums_over_neurons(map_blocks(store), n_map_images)
        means = sums_over_images(statistic_blocks(store, "mean"), units)
        # NaN is not 0, and no activity either
        no_number = np.concatenate([np.isnan(block).any(1) for block in statistic_blocks(store, "mean")])
        if no_number.any():
            log.warning(
                "%s: NaN on %d of %d images, without active fraction", path, no_number.sum(), n_images
            )
        of_images = {
            "active_fraction": np.where(no_number, np.nan, active_fraction(active_in_images, neurons)),
            "population_sparseness": treves_rolls(*patterns, neurons),
            "hoyer": hoyer(patterns.absolute, patterns.squares, neurons),
        }
        row = {
            "n_units": units,
            "n_neurons": neurons,
            "n_images": n_images,
            "n_map_images": n_map_images,
            # sparseness is undefined for these, and they are left out of its mean
            "n_silent_patterns": int((patterns.squares == 0).sum()),
            "n_signed_patterns": int(is_signed(patterns.total, patterns.absolute).sum()),
            "n_silent_units": int((active_in_units == 0).sum()),
            "resamples": resamples,
        }
        for name, values in of_images.items():
            defined = values[~np.isnan(values)]
            row[name] = float(defined.mean()) if len(defined) else float("nan")
            row[f"{name}_low"], row[f"{name}_high"] = mean_interval(defined, resamples, seed)
        log.info("%s: %s", path, row)
        layer_tables.append(
            pa.table(key_columns(store.attrs, 1) | {name: [value] for name, value in row.items()})
        )
        unit_tables.append(
            pa.table(
                key_columns(store.attrs, units)
                | {
                    "unit": np.arange(units),
                    "active_fraction": np.where(
                        np.isnan(means.total), np.nan, active_fraction(active_in_units, n_images * positions)
                    ),
                    "lifetime_sparseness": treves_rolls(*means, n_images),
                    "mean_activation": means.total / n_images,
                    "max_activation": np.max(
                        [block.max(0) for block in statistic_blocks(store, "max")], axis=0
                    ).astype(np.float64),
                }
            )
        )
    pq.write_table(pa.concat_tables(layer_tables), snakemake.output.layer)
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
