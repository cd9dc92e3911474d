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
        lifetime_sparseness,
        pattern_sums,
        treves_rolls,
    )

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    layer_rows, unit_tables = [], []
    for path in snakemake.input:
        store = open_store(path)
        attributes = store.attrs
        keys = {
            name: attributes[name] for name in ("network", "checkpoint", "step", "dataset", "layer", "depth")
        }
        units, height, width = attributes["shape"]
        nonzero, mean, largest = (store[name][:] for name in ("nonzero", "mean", "max"))
        sums = pattern_sums(map_blocks(store), store["maps"].shape[0])
        population = treves_rolls(sums.total, sums.squares, units * height * width)
        by_hoyer = hoyer(sums.absolute, sums.squares, units * height * width)
        active = active_fraction(nonzero, height * width, axis=1)
        row = {**keys, "kind": attributes["kind"], "n_units": units, "n_neurons": units * height * width}
        for name, values in (
            ("active_fraction", active),
            ("population_sparseness", population),
            ("hoyer", by_hoyer),
        ):
            low, high = mean_interval(values, resamples, seed)
            defined = values[~np.isnan(values)]
            row[name] = float(defined.mean()) if len(defined) else float("nan")
            row[f"{name}_low"], row[f"{name}_high"] = low, high
        lifetime = lifetime_sparseness(mean)
        row |= {
            "n_images": len(nonzero),
            "n_map_images": len(population),
            "n_silent_patterns": int(np.isnan(population).sum()),
            "n_silent_units": int(np.isnan(lifetime).sum()),
            "resamples": resamples,
        }
        layer_rows.append(row)
        unit_tables.append(
            pa.table(
                {name: pa.array([value] * units) for name, value in keys.items()}
                | {
                    "unit": np.arange(units),
                    "active_fraction": active_fraction(nonzero, height * width, axis=0),
                    "lifetime_sparseness": lifetime,
                    "mean_activation": mean.mean(0, dtype=np.float64),
                    "max_activation": largest.max(0).astype(np.float64),
                }
            )
        )
        log.info("%s", row)
    pq.write_table(pa.Table.from_pylist(layer_rows), snakemake.output.layer)
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
