"""Fit families of directions to the channel vectors of layers, at the final checkpoint, and ablate some."""

from collections.abc import Iterator
from pathlib import Path

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]) as log:
    import pyarrow.parquet as pq

    from census.data.store import open_dataset
    from census.families.layers import Code, fit_layer
    from census.interventions.ablation import Ablation
    from census.interventions.units import sample_units
    from census.measures.columns import Table
    from census.measures.dictionaries import Parameters, measure
    from census.measures.direction_effects import effects_of
    from census.networks.device import device_of_job
    from census.networks.loading import prepare_checkpoint
    from census.statistics.subset import choose_images
    from census.stores.matrices import MatrixWriter, new_store
    from census.stores.recording import Recording
    from census.tables.measuring import collect

    params, key, entry = snakemake.params, snakemake.wildcards.network, snakemake.params.network
    parameters, seed = Parameters(**params.parameters), params.seed
    device = device_of_job(snakemake)
    if parameters.ablated:
        data = open_dataset(snakemake.input.images)
        indices, n_ablation_images = choose_images(
            len(data.labels), params.n_images, params.n_ablation_images, seed
        )
        pixels = data.pixels.oindex[indices[:n_ablation_images:2]]
        prepared = prepare_checkpoint(Path(snakemake.input.weights), entry, seed, key, device, pixels)

    def tables(store: MatrixWriter) -> Iterator[Table]:
        """Write the directions of each layer into a store, and yield the layer's tables."""
        for layer in one_by_one(map(Recording, snakemake.input.stores)):
            found = fit_layer(layer, parameters, seed)
            for family, reason in found.refused.items():
                log.warning("%s: %s: %s", layer, family, reason)
            store.write(found.arrays, found.attributes)
            yield found.table
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
                yield from effects_of(
                    layer.attributes, chosen, outcomes.changed, outcomes.classes, parameters.resamples, seed
                )

    with new_store(snakemake.output.store) as store:
        collected = collect(measure, tables(store), {})
    for name, table in collected.items():
        pq.write_table(table, snakemake.output[name])
