"""Compare each layer with itself at the other checkpoints of a network."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow.parquet as pq

    from census.measures.similarity import similarity
    from census.statistics.bootstrap import estimate
    from census.statistics.cka import debiased_cka
    from census.stores.groups import layers_in, open_checkpoint
    from census.tables.keys import key_values, table_of

    resamples, seed = snakemake.params.resamples, snakemake.params.seed
    rows = []
    for layer, path in layers_in(snakemake.input).items():
        groups = [open_checkpoint(path, checkpoint) for checkpoint in snakemake.params.checkpoints]
        # early checkpoints may have maps of fewer images
        shared = [set(group["image"][:].tolist()) for group in groups]
        images = sorted(set.intersection(*shared))
        places = [np.flatnonzero(np.isin(group["image"][:], images)) for group in groups]
        correlations, products = (
            np.stack([group[name][:][np.ix_(at, at)] for group, at in zip(groups, places, strict=True)])
            for name in ("correlation", "gram")
        )
        pearson = estimate(
            lambda counts, matrices=correlations: similarity(matrices, counts), len(images), resamples, seed
        )
        cka = estimate(
            lambda counts, grams=products: debiased_cka(grams, counts), len(images), resamples, seed
        )
        rows += [
            {
                **key_values(group.attrs),
                "other_checkpoint": other.attrs["checkpoint"],
                "other_step": other.attrs["step"],
                "n_map_images": len(images),
                "resamples": resamples,
                **pearson.columns("similarity", (here, there)),
                **cka.columns("cka", (here, there)),
            }
            for here, group in enumerate(groups)
            for there, other in enumerate(groups)
        ]
        log.info("%s: compared %d checkpoints on %d images", layer, len(groups), len(images))
    pq.write_table(table_of(rows), snakemake.output[0])
