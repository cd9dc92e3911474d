"""Count the activations of a layer that are not 0, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.activations.store import map_blocks, open_store
    from census.measures.histogram import histogram

    tables = []
    for path in snakemake.input:
        store = open_store(path)
        keys = {
            name: store.attrs[name] for name in ("network", "checkpoint", "dataset", "layer", "depth", "kind")
        }
        result = histogram(
            lambda store=store: (block for _, block in map_blocks(store)), snakemake.params.bins
        )
        if result.not_finite:
            log.warning("%s: %d values are NaN or infinite, and in no bin", path, result.not_finite)
        bins = len(result.counts)
        tables.append(
            pa.table(
                {name: pa.array([value] * bins) for name, value in keys.items()}
                | {
                    "left": result.edges[:-1],
                    "right": result.edges[1:],
                    "count": result.counts,
                    "zeros": pa.array([result.zeros] * bins),
                    "not_finite": pa.array([result.not_finite] * bins),
                    "n_images": pa.array([store["maps"].shape[0]] * bins),
                }
            )
        )
    pq.write_table(pa.concat_tables(tables), snakemake.output[0])
