"""Cluster the units of layers by the correlation of their responses, at checkpoints."""

from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.clusters import (
        clusters_by_chance,
        cut,
        distances,
        standardize,
        top_images_of_clusters,
        tree,
    )
    from census.recording.subset import choose_images
    from census.stores.groups import write_checkpoint
    from census.stores.reading import images_and_labels, open_store, rows_at, statistic_blocks
    from census.tables.keys import key_columns, key_values, table_of

    threshold, permutations = snakemake.params.threshold, snakemake.params.permutations
    seed = snakemake.params.seed
    unit_tables, layer_rows = [], []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        attributes, (n_units, *_) = store.attrs, store.attrs["shape"]
        images, _ = images_and_labels(store)
        # each unit's responses are permuted, so those of all images that count are held at once
        places, _ = choose_images(len(images), snakemake.params.sample, 0, seed)
        responses = standardize(rows_at(statistic_blocks(store, "mean"), places, n_units))
        n_varying = len(responses.units)
        if n_varying < n_units:
            log.warning("%s: %d of %d units are constant or not finite", path, n_units - n_varying, n_units)
        cluster, size = np.full((2, n_units), np.nan)
        row = {
            **key_values(attributes),
            "n_units": n_units,
            "n_images": len(places),
            "n_constant_units": n_units - n_varying,
            "cluster_threshold": threshold,
            "permutations": permutations,
            "n_clusters": 0,
            "n_clusters_chance": np.nan,
            "cluster_share": np.nan,
            "largest_cluster": 0,
        }
        if n_varying:
            joins = tree(distances(responses.values))
            clusters = cut(joins, threshold)
            sizes = np.bincount(clusters)
            cluster[responses.units], size[responses.units] = clusters, sizes[clusters]
            chance = clusters_by_chance(responses.values, threshold, permutations, seed)
            row |= {
                "n_clusters": len(sizes),
                "n_clusters_chance": chance.mean(),
                "cluster_share": len(sizes) / n_varying,
                "largest_cluster": int(sizes[0]),
            }
        unit_tables.append(
            pa.table(
                key_columns(attributes, n_units)
                | {"unit": np.arange(n_units), "cluster": cluster, "cluster_size": size}
            )
        )
        layer_rows.append(row)
        log.info("%s", row)
        if attributes["checkpoint"] == "final":
            arrays = {}
            if n_varying:
                top = top_images_of_clusters(responses.values, clusters, snakemake.params.images)
                arrays = {
                    "unit": (("leaf",), responses.units),
                    "cluster": (("leaf",), clusters),
                    "join": (("join", "column"), joins),
                    "top_image": (("cluster", "rank"), images[places][top]),
                }
            arrays = {name: each for name, each in arrays.items() if each[1].size}
            write_checkpoint(
                Path(snakemake.output.store), arrays, {**attributes, "cluster_threshold": threshold}
            )
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
    pq.write_table(table_of(layer_rows), snakemake.output.layer)
