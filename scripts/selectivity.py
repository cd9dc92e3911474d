"""Measure how selective the units of layers are for single classes, at every checkpoint."""

from collections.abc import Callable

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.measures.selectivity import UnitSelectivity, chance_detection, unit_selectivity
    from census.statistics.significance import benjamini_hochberg
    from census.stores.reading import open_store, sorted_labels, unit_means
    from census.tables.keys import key_columns, key_values, table_of

    LEVEL = 0.05
    DRAWS = 100  # of rankings, of which only means are wanted
    top, shuffles, seed = snakemake.params.top, snakemake.params.shuffles, snakemake.params.seed

    def over_defined(statistic: Callable[[np.ndarray], float], values: np.ndarray) -> float:
        """Return a statistic of the values that are defined; NaN where none is."""
        defined = values[~np.isnan(values)]
        return float(statistic(defined)) if len(defined) else float("nan")

    def share_significant(p_values: np.ndarray) -> float:
        """Return how many of the p-values are below 0.05."""
        return float((p_values < LEVEL).mean())

    unit_tables, layer_rows = [], []
    for path in one_by_one(snakemake.input):
        store = open_store(path)
        attributes, (n_units, *_), classes = store.attrs, store.attrs["shape"], store.attrs["classes"]
        # of equal values, that of the image with the lower index comes first
        labels = sorted_labels(store)
        n_images, n_classes = len(labels), len(np.unique(labels))
        if n_classes < 2:
            log.warning("%s: all %d images are of one class: no unit has a selectivity", path, n_images)
        if top >= n_images:
            log.warning("%s: of %d images all are top images: precision says nothing", path, n_images)
        parts = [
            unit_selectivity(values, labels, len(classes), top=top, shuffles=shuffles, seed=seed)
            for values in unit_means(store)
        ]
        units = UnitSelectivity(*map(np.concatenate, zip(*parts, strict=True)))
        q_values = benjamini_hochberg(units.p)
        corrected = units.selectivity - units.chance
        names = np.array([*classes, None], dtype=object)  # the last one is that of no class
        columns = {
            "unit": np.arange(n_units),
            "selectivity": units.selectivity,
            "selectivity_chance": units.chance,
            "selectivity_p": units.p,
            "selectivity_q": q_values,
            "selectivity_corrected": corrected,
            "selective_class": pa.array(names[units.selective_class], pa.string()),
            "auroc": units.auroc,
            "auroc_class": pa.array(names[units.auroc_class], pa.string()),
            "informedness": units.informedness,
            "informedness_class": pa.array(names[units.informedness_class], pa.string()),
            "precision_top_k": units.precision,
            "n_precision_images": units.n_top,
        }
        unit_tables.append(pa.table(key_columns(attributes, n_units) | columns))

        by_chance = chance_detection(labels, len(classes), top, DRAWS, seed)
        layer_rows.append(
            {
                **key_values(attributes),
                "n_units": n_units,
                "n_images": n_images,
                "n_classes": n_classes,
                "n_silent_units": int(units.is_silent.sum()),
                "n_signed_units": int(units.is_signed.sum()),
                "n_not_finite_units": int((~units.is_finite).sum()),
                "shuffles": shuffles,
                "top": top,
                "selectivity_median": over_defined(np.median, units.selectivity),
                "selectivity_chance_median": over_defined(np.median, units.chance),
                "selectivity_corrected_median": over_defined(np.median, corrected),
                "share_selective": over_defined(share_significant, units.p),
                "share_selective_bh": over_defined(share_significant, q_values),
                "auroc_median": over_defined(np.median, units.auroc),
                "auroc_chance": by_chance.auroc,
                "informedness_median": over_defined(np.median, units.informedness),
                "informedness_chance": by_chance.informedness,
                "precision_median": over_defined(np.median, units.precision),
                "precision_chance": by_chance.precision,
            }
        )
        log.info("%s", layer_rows[-1])
        if not units.is_finite.all():
            log.warning("%s: %d units are not finite", path, layer_rows[-1]["n_not_finite_units"])
    pq.write_table(pa.concat_tables(unit_tables), snakemake.output.units)
    pq.write_table(table_of(layer_rows), snakemake.output.layer)
