"""Multiply the activation vectors of layers with each other, at every checkpoint."""

from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    from itertools import islice

    from census.measures.correlation import is_defined, pattern_correlation
    from census.statistics.gram import combine, gram
    from census.stores.grams import read_products, write_gram
    from census.stores.reading import neuron_blocks, open_store

    # large layers are multiplied part by part
    files = iter(snakemake.input.parts)
    parts = {layer: list(islice(files, number)) for layer, number in snakemake.params.parts.items()}
    for path in one_by_one(snakemake.input.stores):
        store = open_store(path)
        layer, checkpoint = store.attrs["layer"], store.attrs["checkpoint"]
        n_images = store["maps"].shape[0]
        if n_images < 3:
            log.warning(
                "%s has whole maps of %d image(s), and similarity of layers needs 3 at least, so it is "
                "undefined; raise maps, and images, of this run in the config, or add images to the data set",
                path,
                n_images,
            )
        products = [read_products(part, layer, checkpoint) for part in parts.get(layer, [])]
        found = combine(products) if products else gram(neuron_blocks(store))
        correlation = pattern_correlation(found)
        undefined = n_images - int(is_defined(correlation).sum())
        if found.n_neurons == 1:
            log.warning(
                "%s: layer %s has one neuron; a pattern of one value correlates with none", path, layer
            )
        elif undefined:
            log.warning("%s: %d of %d patterns are constant or not finite", path, undefined, n_images)
        write_gram(Path(snakemake.output[0]), store, found, correlation)
