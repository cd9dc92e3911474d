"""Compare images made for units with natural images that drive them, in all layers up to the units' own."""

from collections.abc import Iterator
from pathlib import Path

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]):
    import numpy as np
    import pyarrow.parquet as pq

    from census.data.store import open_dataset
    from census.interventions.paths import Paths
    from census.measures.columns import Table
    from census.measures.path_check import Similarities, compare_images, measure, split_top, tables_of
    from census.measures.substitution import works
    from census.networks.device import device_of_job
    from census.networks.loading import prepare_checkpoint
    from census.planning.blocks import UNITS
    from census.statistics.ranks import standardized_ranks
    from census.statistics.streams import stream
    from census.statistics.top_images import NONE, top_by_value
    from census.stores.recording import Recording, by_place, matrices_in
    from census.tables.measuring import collect

    params, key, entry = snakemake.params, snakemake.wildcards.network, snakemake.params.network
    device = device_of_job(snakemake)
    data = open_dataset(snakemake.input.images)
    stores = by_place(map(Recording, snakemake.input.stores))
    made_for = by_place(matrices_in([snakemake.input.maximization]))

    def tables() -> Iterator[Table]:
        """Yield the tables of each layer at each checkpoint."""
        for weights in map(Path, snakemake.input.weights):
            checkpoint = weights.stem
            prepared = prepare_checkpoint(weights, entry, params.seed, key, device)
            for layer in one_by_one(prepared.select(params.layers), lambda layer: layer.name):
                path = [each for each in prepared.select(params.recorded) if each.depth <= layer.depth]
                paths = Paths(prepared, path, neurons=params.neurons, batch=params.batch, seed=params.seed)
                store, matrices = stores[checkpoint, layer.name], made_for[checkpoint, layer.name]
                # by mean activation, which activation maximization maximizes, too
                top = top_by_value(store.statistics("mean"), store.shape[0], params.top)
                drawn = stream(params.seed, "other images of paths").permutation(np.sort(store.images))
                others = drawn[: params.others]

                units, images, responses = (matrices[name] for name in ("unit", "image", "response"))
                objectives = matrices.attributes["objectives"]
                own = responses[:, :, np.arange(len(units)), units]
                is_used = works(own, top.values[units, 0])
                found = np.full((len(path), len(units), len(Similarities._fields)), np.nan)
                for first in range(0, len(units), UNITS):
                    group = np.arange(first, min(first + UNITS, len(units)))
                    tops = [row[row != NONE] for row in top.images[units[group]]]
                    natural = np.unique(np.concatenate([others, *tops]))
                    of_natural = paths.natural(data.pixels.oindex[natural])
                    of_made = paths.made(images[:, :, group].reshape(-1, *images.shape[3:]))
                    for number, each in enumerate(path):
                        vectors, made = (standardized_ranks(of[each.name]) for of in (of_natural, of_made))
                        made = made.reshape(*images.shape[:2], len(group), -1)
                        for place, row in enumerate(group):
                            found[number, row] = compare_images(
                                {
                                    name: made[objective, is_used[objective, :, row], place]
                                    for objective, name in enumerate(objectives)
                                },
                                split_top(np.searchsorted(natural, tops[place])),
                                vectors,
                                np.searchsorted(natural, others),
                            )
                similarities = Similarities(*np.moveaxis(found, -1, 0))
                yield from tables_of(
                    store.attributes, units, path, similarities, params.resamples, params.seed
                )

    for name, table in collect(measure, tables(), {}).items():
        pq.write_table(table, snakemake.output[name])
