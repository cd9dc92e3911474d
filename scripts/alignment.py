"""Measure whether activation vectors align with the basis of units, at every checkpoint."""

from itertools import groupby
from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.alignment import (
        STATISTICS,
        alignment,
        random_frames,
        sort_out,
    )
    from census.recording.subset import choose_images
    from census.statistics.bootstrap import Estimate, resample_counts
    from census.stores.reading import open_store, values_at_positions, values_before
    from census.tables.keys import key_columns

    rotations, resamples, seed = (snakemake.params[name] for name in ("rotations", "resamples", "seed"))
    tables, drawn_tables = [], []
    # the stores of a layer at all checkpoints follow each other
    of_layers = groupby(snakemake.input, lambda path: Path(path).stem)
    for _, paths in one_by_one(of_layers, lambda of_layer: of_layer[0]):
        stores = [open_store(path) for path in paths]
        maps = {store["maps"].shape[0] for store in stores}
        chosen = {n_maps: choose_images(n_maps, snakemake.params.images, 0, seed)[0] for n_maps in maps}
        sizes = {len(images) for images in chosen.values()}
        resampled = {n_images: resample_counts(n_images, resamples, seed) for n_images in sizes}
        n_units, n_positions = stores[0].attrs["shape"][0], stores[0]["position_y"].shape[0]
        # one set for all checkpoints, before and after the rectifier
        frames = random_frames(min(max(sizes) * n_positions, n_units), n_units, rotations, seed)
        for store in stores:
            images = chosen[store["maps"].shape[0]]
            n_images, values, before = len(images), values_at_positions(store)[images], values_before(store)
            layer, checkpoint = store.attrs["layer"], store.attrs["checkpoint"]
            row = {
                "n_units": n_units,
                "n_map_images": n_images,
                "n_positions": n_positions,
                "rotations": rotations,
                "resamples": resamples,
            }
            drawn = {}
            for suffix, patterns in (("", values), ("_before", before if before is None else before[images])):
                found = None if patterns is None else sort_out(patterns)
                counts = (None,) * 3 if found is None else found[2:]
                for name, count in zip(("silent", "constant", "not_finite"), counts, strict=True):
                    row[f"n_{name}_positions{suffix}"] = count
                    if count:
                        where = f"{layer}{' before its rectifier' if suffix else ''}, {checkpoint}"
                        log.warning("%s: %d patterns are %s", where, count, name.replace("_", " "))
                spread = found and alignment(found, n_images, frames, resampled[n_images])
                drawn[f"alignment_z{suffix}"] = (
                    pa.array(spread.z_resampled[:, STATISTICS.index("kurtosis")])
                    if spread
                    else pa.nulls(resamples, pa.float64())
                )
                for place, statistic in enumerate(STATISTICS):
                    z = "alignment_z" if statistic == "kurtosis" else f"alignment_{statistic}_z"
                    for name, field in (
                        (f"pattern_{statistic}", "value"),
                        (f"alignment_{statistic}", "delta"),
                        (z, "z"),
                    ):
                        estimate = getattr(spread, field) if spread else Estimate(*[[None] * 3] * 3)
                        for ending, each in zip(("", "_low", "_high"), estimate, strict=True):
                            row[f"{name}{suffix}{ending}"] = each[place]
            whole = {name: pa.int64() for name in row if name.startswith("n_") or name.startswith("re")}
            columns = {name: pa.array([value], whole.get(name, pa.float64())) for name, value in row.items()}
            tables.append(pa.table(key_columns(store.attrs, 1) | columns))
            drawn_tables.append(
                pa.table(key_columns(store.attrs, resamples) | {"resample": range(resamples)} | drawn)
            )
            log.info("%s, %s: z %s", layer, checkpoint, row["alignment_z"])
    pq.write_table(pa.concat_tables(tables), snakemake.output.layer)
    pq.write_table(pa.concat_tables(drawn_tables), snakemake.output.resamples)
