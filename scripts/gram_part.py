"""Compute a layer's Gram matrix over a part of its neurons, at every checkpoint."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.statistics.gram import multiply, shift_of
    from census.stores.matrices import new_store
    from census.stores.reading import neuron_blocks, open_store

    part, parts = int(snakemake.wildcards.part), snakemake.params.parts
    with new_store(snakemake.output[0]) as written:
        for path in snakemake.input:
            store = open_store(path)
            # all parts subtract the same values from each vector, so that they can be summed
            shift = shift_of(next(neuron_blocks(store)))
            found = multiply(neuron_blocks(store, part, parts), shift)
            log.info("%s: %d neurons", path, found.n_neurons)
            written.write(
                {
                    "products": (("image", "other_image"), found.products),
                    "sums": (("image",), found.sums),
                    "shift": (("image",), found.shift),
                },
                {**{key: store.attrs[key] for key in ("layer", "checkpoint")}, "n_neurons": found.n_neurons},
            )
