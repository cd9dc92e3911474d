"""Count the nonzero activations of layers, at every checkpoint."""

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.histogram import histogram
    from census.stores.reading import map_blocks, open_store
    from census.tables.keys import key_columns

    tables = []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        result = histogram(
            lambda store=store: (block for _, block in map_blocks(store)), snakemake.params.bins
        )
        if result.not_finite:
            log.warning("%s: %d values are NaN or infinite, and in no bin", path, result.not_finite)
        bins = len(result.counts)
        tables.append(
            pa.table(
                key_columns(store.attrs, bins)
                | {
                    "left": result.edges[:-1],
                    "right": result.edges[1:],
                    "count": result.counts,
                    "zeros": np.full(bins, result.zeros),
                    "not_finite": np.full(bins, result.not_finite),
                    "n_map_images": np.full(bins, store["maps"].shape[0]),
                }
            )
        )
    pq.write_table(pa.concat_tables(tables), snakemake.output[0])
