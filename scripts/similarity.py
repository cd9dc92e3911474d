"""Compare the layers of a network with each other, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow.parquet as pq

    from census.measures.similarity import deconfounded, similarity, spearman, steps
    from census.statistics.bootstrap import estimate
    from census.statistics.cka import debiased_cka
    from census.stores.groups import layers_in, open_checkpoint
    from census.tables.keys import key_values, table_of

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    pair_rows, step_rows = [], []
    for checkpoint in snakemake.params.checkpoints:
        groups = [open_checkpoint(path, checkpoint) for path in layers_in(snakemake.input).values()]
        layers = [key_values(group.attrs) for group in groups]
        correlations = np.stack([group["correlation"][:] for group in groups])
        products = np.stack([group["gram"][:] for group in groups])
        n_images = correlations.shape[1]
        has_input = layers[0]["kind"] == "input"

        def with_and_without_input(counts, matrices=correlations, has_input=has_input):
            """Return similarity, and similarity after the input's is regressed out, (samples, 2, L, L)."""
            plain = similarity(matrices, counts)
            rest = deconfounded(plain, confound=0) if has_input else np.full(plain.shape, np.nan)
            return np.stack([plain, rest], axis=1)

        pearson = estimate(with_and_without_input, n_images, resamples, seed)
        log.info("%s: compared %d layers on %d images", checkpoint, len(layers), n_images)
        cka = estimate(lambda counts, grams=products: debiased_cka(grams, counts), n_images, resamples, seed)
        ranks = spearman(correlations)
        rows = [
            {
                **layer,
                "other_layer": other["layer"],
                "other_depth": other["depth"],
                "other_branch_of": other["branch_of"],
                "n_map_images": n_images,
                "resamples": resamples,
                **pearson.columns("similarity", (0, here, there)),
                "similarity_spearman": float(ranks[here, there]),
                **pearson.columns("similarity_deconfounded", (1, here, there)),
                **cka.columns("cka", (here, there)),
            }
            for here, layer in enumerate(layers)
            for there, other in enumerate(layers)
        ]
        step_rows += [
            rows[here * len(layers) + there]
            for here, there in steps([bool(layer["branch_of"]) for layer in layers])
        ]
        pair_rows += rows
    pq.write_table(table_of(pair_rows), snakemake.output.pairs)
    pq.write_table(table_of(step_rows), snakemake.output.steps)
