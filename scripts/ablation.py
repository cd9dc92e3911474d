"""Ablate units of layers, single and cumulatively, and measure the effect on the network's logits."""

from collections.abc import Iterator
from pathlib import Path

from census.jobs import Script, job, one_by_one
from census.statistics.streams import stream

snakemake: Script

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from census.data.store import open_dataset
    from census.errors import StudyError
    from census.interventions.ablation import Ablation
    from census.interventions.ablation_tables import (
        Removal,
        Resampling,
        curve_table,
        layer_table,
        unit_table,
        with_counts,
    )
    from census.interventions.units import sample_units
    from census.measures.ablation import Images, removal_order, removed_units
    from census.networks.device import device_of_job
    from census.networks.loading import prepare_checkpoint
    from census.planning.blocks import units_of_part
    from census.statistics.class_selectivity import selectivity_and_means
    from census.statistics.sparseness import sums_over_images
    from census.statistics.subset import choose_images
    from census.stores.recording import Recording, by_place
    from census.tables.arrow import arrow
    from census.tables.merging import read_tables

    params, key = snakemake.params, snakemake.wildcards.network
    entry, seed, resampling = params.network, params.seed, Resampling(params.resamples, params.seed)
    device = device_of_job(snakemake)

    def first_images(
        path: str, n_images: int | None, n_first: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int32], list[str]]:
        """Return indices, pixels and labels of the first images, and names of classes."""
        data = open_dataset(path)
        indices, n_first = choose_images(len(data.labels), n_images, n_first, seed)
        first = indices[:n_first]
        return first, data.pixels.oindex[first], data.labels[first], data.classes

    def substitution_of(layer: str, checkpoint: str, name: str) -> NDArray[np.float64]:
        """Return a column of the substitution table; NaN for units without a row."""
        table = read_tables([snakemake.input.substitution], layer=layer, checkpoint=checkpoint)
        column = np.full(n_units, np.nan)
        column[table["unit"].to_numpy()] = table[name].to_numpy()
        return column

    def class_selectivity(store: Recording) -> NDArray[np.float64]:
        """Return the class selectivity of a layer's units, computed as in the rule ``selectivity``."""
        labels, n_classes = store.sorted_labels, len(store.classes)
        found = [selectivity_and_means(values, labels, n_classes)[0] for values in store.unit_means()]
        return np.concatenate(found)

    def removals(layer: str, checkpoint: str, means: NDArray[np.float64]) -> Iterator[Removal]:
        """Yield the orders in which units are removed."""
        for number in range(params.random_orders):
            order = stream(seed, "removal order", layer, number).permutation(n_units)
            yield Removal("random", number, None, removed_units(order, params.steps))
        # RS on IAM images is known only for sampled units
        rs = "rs_iam" if len(chosen) == n_units else "rs_natural"
        for name, criterion, values in (
            ("mean_activation", "mean_activation", means),
            # from the store, because the table of selectivity changes with other layers of its block
            ("selectivity", "selectivity", class_selectivity(stores[checkpoint, layer])),
            ("rs", rs, substitution_of(layer, checkpoint, rs)),
        ):
            yield Removal(name, None, criterion, removed_units(removal_order(values), params.steps))

    indices, pixels, given, class_names = first_images(
        snakemake.input.images, params.n_images, params.n_ablation_images
    )
    labels = given if params.labeled else None
    if labels is None:
        class_names = list(map(str, range(entry["classes"])))
    elif not 0 <= labels.min() <= labels.max() < entry["classes"]:
        raise StudyError(
            f"{snakemake.input.images}: labels range from {labels.min()} to {labels.max()}, but the network "
            f"has {entry['classes']} classes; check networks.{key}.classes"
        )
    elif len(np.unique(labels)) == 1:
        log.warning("all images are of one class: a constant prediction has accuracy 1")

    training = None
    if snakemake.input.get("train"):
        # size of the seeded sample for the means of mean ablation
        n_training = 1000
        training = first_images(snakemake.input.train[0], n_training, n_training)[1]

    # for slow layers, several jobs ablate parts of the units, and one job ablates units cumulatively
    with_curves, with_units = snakemake.output.get("curves"), snakemake.output.get("units")
    part, parts = int(snakemake.wildcards.get("part", 0)), params.get("parts", 1)
    stores = by_place(map(Recording, snakemake.input.stores))
    unit_tables, curve_tables, layer_tables = [], [], []
    for weights in map(Path, snakemake.input.weights):
        checkpoint = weights.stem
        prepared = prepare_checkpoint(weights, entry, seed, key, device, pixels)
        for layer in one_by_one(prepared.select(params.layers), lambda layer: layer.name):
            store = stores[checkpoint, layer.name]
            attributes, (n_units, *_) = store.attributes, store.shape
            means = sums_over_images(store.statistic("mean"), n_units).total / len(store.images)
            chosen = sample_units(n_units, params.units_per_layer, seed, layer.name)
            some = chosen[units_of_part(len(chosen), part, parts) if with_units else slice(0)]
            # cumulative ablation of an untrained network, which starts at chance, is uninformative
            wants_curves = with_curves and checkpoint == "final"
            orders = list(removals(layer.name, checkpoint, means)) if wants_curves else []
            alone = np.arange(n_units) == some[:, None]
            wanted = [alone, *(each.removed for each in orders)]
            # all orders share their first and last step
            distinct, places = np.unique(np.concatenate(wanted), axis=0, return_inverse=True)
            where = np.split(places, np.cumsum([len(each) for each in wanted])[:-1])

            ablation = Ablation(prepared, layer, pixels, labels, batch=params.batch, seed=seed)
            average = means
            if training is not None:
                average = ablation.mean_over(training)
            for mode in params.modes:
                constants = None
                if mode == "optimal":
                    # no curves: constants of single units are not the best ones for several units together
                    (without, intact, classes), constants = ablation.optimal_outcomes(some, average)
                    curves = []
                else:
                    changed, intact, classes = ablation.outcomes(distinct, mode, average)
                    without, *steps = (changed.at(rows) for rows in where)
                    curves = list(zip(orders, steps, strict=True))
                of_images = (without, intact, params.labeled, classes, class_names)
                unit_tables.append(unit_table(attributes, mode, some, *of_images, resampling, constants))
                n_undefined = np.isnan(unit_tables[-1]["ablation_kl"].to_numpy()).sum()
                if n_undefined:
                    log.warning("%s, %s, %s: %d units give NaN", layer.name, checkpoint, mode, n_undefined)
                curve_tables += [curve_table(attributes, mode, *curve, resampling) for curve in curves]
                reference = "labels" if params.labeled else "intact"
                layer_tables.append(
                    layer_table(attributes, mode, reference, n_units, intact, classes, curves, resampling)
                )
                log.info("%s", layer_tables[-1].to_pylist()[0])
    units, layers = pa.concat_tables(unit_tables), pa.concat_tables(layer_tables)
    if with_curves:
        pq.write_table(pa.concat_tables(curve_tables), snakemake.output.curves)
        if with_units:
            units, layers = with_counts(units, layers)
        pq.write_table(layers, snakemake.output.layer)
        images = Images(
            of={"network": key, "dataset": snakemake.wildcards.dataset},
            image=indices,
            label=given.astype(np.int64),
        )
        pq.write_table(arrow(images), snakemake.output.images)
    if with_units:
        pq.write_table(units, snakemake.output.units)
