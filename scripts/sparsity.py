"""Measure how sparse a layer is, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.activations.store import map_blocks, open_store
    from census.measures.bootstrap import mean_interval
    from census.measures.sparsity import (
        active_fraction,
        hoyer,
        is_signed,
        lifetime_sparseness,
        pattern_sums,
        treves_rolls,
    )
    from census.tables import key_columns

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    layer_tables, unit_tables = [], []
    for path in snakemake.input:
        store = open_store(path)
        units, height, width = store.attrs["shape"]
        positions, neurons = height * width, units * height * width
        nonzero, mean, largest = (store[name][:] for name in ("nonzero", "mean", "max"))
        sums = pattern_sums(map_blocks(store), store["maps"].shape[0])
        of_images = {
            "active_fraction": active_fraction(nonzero, positions, axis=1),
            "population_sparseness": treves_rolls(*sums, neurons),
            "hoyer": hoyer(sums.absolute, sums.squares, neurons),
        }
        lifetime = lifetime_sparseness(mean)
        row = {
            "n_units": units,
            "n_neurons": neurons,
            "n_images": len(nonzero),
            "n_map_images": len(sums.total),
            # sparseness is undefined for these, and they are left out of its mean
            "n_silent_patterns": int((sums.squares == 0).sum()),
            "n_signed_patterns": int(is_signed(sums.total, sums.absolute).sum()),
            "n_silent_units": int((nonzero.sum(0) == 0).sum()),
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
                    "active_fraction": active_fraction(nonzero, positions, axis=0),
                    "lifetime_sparseness": lifetime,
                    "mean_activation": mean.mean(0, dtype=np.float64),
                    "max_activation": largest.max(0).astype(np.float64),
                }
            )
        )
    pq.write_table(pa.concat_tables(layer_tables), snakemake.output.layer)
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
