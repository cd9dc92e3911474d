"""Compare units with random, principal and independent directions, in layers whose units are looked at."""

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.alignment import STATISTICS, random_frames
    from census.measures.bases import KINDS, compare
    from census.statistics.bootstrap import resample_counts
    from census.stores.reading import open_store, values_at_positions
    from census.tables.keys import key_columns

    wanted, rotations, resamples, seed = (
        snakemake.params[name] for name in ("directions", "rotations", "resamples", "seed")
    )
    tables = []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        layer, patterns = store.attrs["layer"], values_at_positions(store)
        n_images, n_positions, n_units = patterns.shape
        frames = random_frames(min(wanted, n_units), n_units, rotations, seed)
        found = compare(patterns, wanted, frames, resample_counts(n_images, resamples, seed), seed)
        if found.n_unsettled:
            log.warning("%s: the search for independent directions did not come to rest", layer)
        columns = {
            "directions": np.array(KINDS, dtype=object),
            "n_map_images": np.full(len(KINDS), n_images),
            "n_positions": np.full(len(KINDS), n_positions),
            "n_directions": np.full(len(KINDS), found.n_directions),
            "n_left_out_positions": np.full(len(KINDS), found.n_left_out),
            "n_unsettled": np.where(np.array(KINDS) == "independent", found.n_unsettled, 0),
        }
        for place, statistic in enumerate(STATISTICS):
            for ending, each in zip(("", "_low", "_high"), found.value, strict=True):
                columns[f"pattern_{statistic}{ending}"] = each[:, place]
        tables.append(pa.table(key_columns(store.attrs, len(KINDS)) | columns))
        log.info("%s: kurtosis %s", layer, dict(zip(KINDS, found.value.value[:, 0].tolist(), strict=True)))
    pq.write_table(pa.concat_tables(tables), snakemake.output[0])
