"""Find the top images of each unit, and their classes, at every checkpoint."""

from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.concepts import (
        chance_labels,
        chance_levels,
        chance_similarity,
        class_counts,
        flatness,
        gini,
        mean_of_pairs,
        mf_degree,
        row_distance,
        row_similarity,
    )
    from census.statistics.top_images import NONE, top_images
    from census.stores.groups import write_checkpoint
    from census.stores.reading import image_blocks, images_and_labels, open_store
    from census.tables.keys import key_columns, key_values, table_of

    NAMED = 3  # classes of each unit that the table names
    k, draws, seed = snakemake.params.top, snakemake.params.draws, snakemake.params.seed
    unit_tables, layer_rows = [], []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        attributes, (units, *_), classes = store.attrs, store.attrs["shape"], store.attrs["classes"]
        images, labels = images_and_labels(store)
        top = top_images(image_blocks(store, images, "max", "argmax"), units, min(k, len(images)))
        label_of_image = np.zeros(images.max() + 1, labels.dtype)
        label_of_image[images] = labels
        counts = class_counts(top.images, label_of_image, len(classes))
        sizes = (top.images != NONE).sum(1)

        normalizer = len(classes) if snakemake.params.normalizer == "classes" else units
        sparsity, evenness = gini(counts), flatness(counts, normalizer)
        degree = mf_degree(sparsity, evenness)
        drawn = chance_labels(labels, k, draws, seed)
        chance = chance_levels(drawn, sizes, sparsity, len(classes), normalizer)

        # a data set may have fewer classes than the table has columns for them
        ranked = np.argsort(-counts, axis=1, kind="stable")[:, :NAMED]
        lacking = ((0, 0), (0, NAMED - ranked.shape[1]))
        ranked, often = np.pad(ranked, lacking), np.pad(np.take_along_axis(counts, ranked, 1), lacking)
        columns = {
            "unit": np.arange(units),
            "n_top_images": sizes,
            "n_top_classes": (counts > 0).sum(1),
            "gini": sparsity,
            "gini_chance": chance.gini,
            "gini_p": chance.gini_p,
            "gini_corrected": sparsity - chance.gini,
            "flatness": evenness,
            "mf_degree": degree,
            "mf_chance": chance.mf_degree,
        }
        for rank in range(NAMED):
            named = np.array(classes, dtype=object)[ranked[:, rank]]
            columns[f"top_class_{rank + 1}"] = pa.array(
                np.where(often[:, rank] > 0, named, None), pa.string()
            )
            columns[f"top_count_{rank + 1}"] = often[:, rank]
        unit_tables.append(pa.table(key_columns(attributes, units) | columns))

        similarity, distance = row_similarity(counts), row_distance(counts[sizes > 0])
        similarity_by_chance, distance_by_chance = chance_similarity(drawn, sizes.max(), len(classes))
        layer_rows.append(
            {
                **key_values(attributes),
                "n_units": units,
                "n_images": len(images),
                "n_silent_units": int((sizes == 0).sum()),
                "top": k,
                "draws": draws,
                "unit_similarity": mean_of_pairs(similarity),
                "unit_similarity_chance": similarity_by_chance,
                "unit_dissimilarity": mean_of_pairs(distance),
                "unit_dissimilarity_chance": distance_by_chance,
            }
        )
        log.info("%s", layer_rows[-1])
        arrays = {
            "top_image": (("unit", "rank"), top.images),
            "top_value": (("unit", "rank"), top.values),
            "top_position": (("unit", "rank"), top.positions),
            "class_count": (("unit", "class"), counts.astype(np.int32)),
        }
        if attributes["checkpoint"] == "final":
            whole = np.full((units, units), np.nan, np.float32)
            whole[np.ix_(sizes > 0, sizes > 0)] = distance
            pairs = ("unit", "other_unit")
            arrays |= {"similarity": (pairs, similarity.astype(np.float32)), "distance": (pairs, whole)}
        write_checkpoint(Path(snakemake.output.store), arrays, attributes)
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
    pq.write_table(table_of(layer_rows), snakemake.output.layer)
