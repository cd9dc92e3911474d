"""Summarize the correlations between the patterns of images: mean and order, of each layer and checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.correlation import is_defined, mean_correlation
    from census.measures.ordering import hierarchical_order
    from census.statistics.bootstrap import estimate
    from census.stores.groups import layers_in, open_checkpoint
    from census.tables.keys import key_values, table_of

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    layers = list(layers_in(snakemake.input).values())
    layer_rows, orders = [], []
    for checkpoint in snakemake.params.checkpoints:
        # in order of depth: by the input, where it is recorded, and by the logits
        ends = (layers[0], layers[-1])
        for path in layers:
            group = open_checkpoint(path, checkpoint)
            correlation = group["correlation"][:]
            n_images = len(correlation)
            found = estimate(
                lambda counts, matrix=correlation: mean_correlation(matrix, counts), n_images, resamples, seed
            )
            layer_rows.append(
                {
                    **key_values(group.attrs),
                    "n_neurons": group.attrs["n_neurons"],
                    "n_map_images": n_images,
                    # constant, or not finite: they correlate with none, and are left out of the mean
                    "n_undefined_patterns": n_images - int(is_defined(correlation).sum()),
                    "resamples": resamples,
                    **found.columns("pattern_correlation"),
                }
            )
            log.info("%s", layer_rows[-1])
            if path in ends:
                order = hierarchical_order(correlation)
                images, labels = group["image"][:], group["label"][:]
                orders.append(
                    table_of(
                        [
                            {
                                **key_values(group.attrs),
                                "place": place,
                                "image": int(images[index]),
                                "label": int(labels[index]),
                                "class": group.attrs["classes"][labels[index]],
                            }
                            for place, index in enumerate(order)
                        ]
                    )
                )
    pq.write_table(table_of(layer_rows), snakemake.output.layers)
    pq.write_table(pa.concat_tables(orders), snakemake.output.orders)
