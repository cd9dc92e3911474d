"""Measure how well a network names the classes of a data set's images, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow.parquet as pq

    from census.measures.performance import Performance, performance
    from census.statistics.bootstrap import mean_interval
    from census.stores.reading import image_blocks, images_and_labels, open_store
    from census.tables.keys import key_values, table_of

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    rows = []
    for path in snakemake.input:
        store = open_store(path)
        _, labels = images_and_labels(store)
        # logits have no extent: their mean over positions is their value
        found = [performance(logits, here) for here, logits in image_blocks(store, labels, "mean")]
        row = {**key_values(store.attrs), "n_images": len(labels), "resamples": resamples}
        for name, values in Performance(*map(np.concatenate, zip(*found, strict=True)))._asdict().items():
            row[name] = float(np.nanmean(values))
            row[f"{name}_low"], row[f"{name}_high"] = mean_interval(values, resamples, seed)
        log.info("%s: %s", path, row)
        rows.append(row)
    pq.write_table(table_of(rows), snakemake.output[0])
