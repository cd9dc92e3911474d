"""Fit families of directions to the channel vectors of layers, at the final checkpoint, and ablate some."""

from pathlib import Path

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.data.store import open_dataset
    from census.families.layers import Code, fit_layer
    from census.interventions.ablation import Ablation
    from census.interventions.units import sample_units
    from census.measures.columns import Table
    from census.measures.dictionaries import Parameters, measure
    from census.measures.direction_effects import effects_of
    from census.networks.build import build
    from census.networks.device import choose_device, keep_freed_memory
    from census.networks.prepared import prepare
    from census.networks.weights import load_weights
    from census.statistics.subset import choose_images
    from census.stores.matrices import new_store
    from census.stores.recording import Recording
    from census.tables.arrow import arrow, merged

    params, key, entry = snakemake.params, snakemake.wildcards.network, snakemake.params.network
    parameters, seed = Parameters(**params.parameters), params.seed
    keep_freed_memory()
    if parameters.ablated:
        data = open_dataset(snakemake.input.images)
        indices, n_ablation_images = choose_images(
            len(data.labels), params.n_images, params.n_ablation_images, seed
        )
        pixels = data.pixels.oindex[indices[:n_ablation_images:2]]
        network = build(entry, seed, key)
        load_weights(network, Path(snakemake.input.weights))
        device = choose_device(snakemake.config["device"], snakemake.threads)
        prepared = prepare(network, entry, key, device, pixels)

    tables: dict[type[Table], list[pa.Table]] = {each: [] for each in measure.tables.values()}
    with new_store(snakemake.output.store) as store:
        for layer in one_by_one(map(Recording, snakemake.input.stores)):
            found = fit_layer(layer, parameters, seed)
            for family, reason in found.refused.items():
                log.warning("%s: %s: %s", layer, family, reason)
            store.write(found.arrays, found.attributes)
            tables[type(found.table)].append(arrow(found.table))
            name, chosen = found.attributes["layer"], {}
            for family, about in found.attributes["families"].items():
                if about["fits"] and parameters.ablated:
                    n_directions = len(found.arrays[f"{family}_first"][1])
                    chosen[family] = sample_units(n_directions, params.ablated, seed, f"{name} {family}")
            if chosen:
                code = Code(found, chosen, parameters.active)
                (place,) = prepared.select([name])
                ablation = Ablation(prepared, place, pixels, None, batch=params.batch, seed=seed)
                outcomes = ablation.direction_outcomes(code.directions, code)
                for table in effects_of(
                    layer.attributes, chosen, outcomes.changed, outcomes.classes, parameters.resamples, seed
                ):
                    tables[type(table)].append(arrow(table))
    for name, kind in measure.tables.items():
        pq.write_table(merged(kind, tables[kind], {}), snakemake.output[name])
