"""Measure how replaceable units are: on pictures made for them, and on the images that drive them most."""

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.substitution import over_seeds, representative_substitution
    from census.statistics.top_images import NONE, top_images
    from census.stores.groups import layers_in, open_checkpoint
    from census.stores.reading import image_blocks, images_and_labels, open_store
    from census.tables.keys import key_columns, key_values, table_of

    ascents = layers_in([snakemake.input.ascent])
    unit_tables, layer_rows = [], []
    for path in one_by_one(snakemake.input.stores):
        store = open_store(path)
        attributes, (n_units, *_) = store.attrs, store.attrs["shape"]
        ascent = open_checkpoint(ascents[attributes["layer"]], attributes["checkpoint"])
        sampled, responses = ascent["unit"][:], ascent["response"][:]

        # the image with the largest mean over positions, which is what an ascent maximizes, too
        images, _ = images_and_labels(store)
        top = top_images(
            (
                (those, values, np.zeros(values.shape, np.int32))
                for those, values in image_blocks(store, images, "mean")
            ),
            n_units,
            k=1,
        )
        natural_image, natural_maximum = top.images[:, 0], top.values[:, 0].astype(np.float64)
        answering = np.flatnonzero(natural_image != NONE)
        place_of_image = np.zeros(images.max() + 1, np.int64)
        place_of_image[images] = np.arange(len(images))
        places = place_of_image[natural_image[answering]]
        rs_natural = np.full(n_units, np.nan)
        rs_natural[answering] = representative_substitution(store["mean"].oindex[places], answering)

        columns = {
            "unit": np.arange(n_units),
            "natural_image": pa.array(natural_image, mask=natural_image == NONE),
            "natural_maximum": natural_maximum,
            "rs_natural": rs_natural,
        }
        row = {
            **key_values(attributes),
            "n_units": n_units,
            "n_sampled": len(sampled),
            "n_seeds": responses.shape[1],
            "n_silent_units": n_units - len(answering),
        }
        not_sampled = np.isin(np.arange(n_units), sampled, invert=True)
        for objective, those in zip(ascent.attrs["objectives"], responses, strict=True):
            shares = representative_substitution(those, sampled)
            own = those[:, np.arange(len(sampled)), sampled].astype(np.float64)
            mean, least, largest = over_seeds(shares)
            found = {
                f"rs_{objective}": mean,
                f"rs_{objective}_low": least,
                f"rs_{objective}_high": largest,
                f"rs_{objective}_failed": np.isnan(shares).sum(0),
                f"{objective}_over_natural": over_seeds(own).mean / natural_maximum[sampled],
            }
            for name, values in found.items():
                everywhere = np.zeros(n_units, values.dtype)
                everywhere[sampled] = values
                columns[name] = pa.array(everywhere, mask=not_sampled)
            n_known = int((~np.isnan(mean)).sum())
            row |= {
                f"n_failed_{objective}": int(np.isnan(mean).sum()),
                f"n_failed_ascents_{objective}": int(np.isnan(shares).sum()),
                # of the units of which there is a number
                f"share_rs_{objective}_zero": float((mean == 0).sum() / n_known) if n_known else np.nan,
            }
        unit_tables.append(pa.table(key_columns(attributes, n_units) | columns))
        layer_rows.append(row)
        log.info("%s", row)
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
    pq.write_table(table_of(layer_rows), snakemake.output.layer)
