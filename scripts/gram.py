"""Multiply the patterns of a layer with each other, at every checkpoint."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    from census.activations.reading import neuron_blocks, open_store
    from census.grams import read_products, write_grams
    from census.measures.correlation import is_defined, pattern_correlation
    from census.measures.gram import combine, gram

    checkpoints = {}
    for path in snakemake.input.stores:
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
        # large layers are multiplied part by part
        parts = [read_products(part, checkpoint) for part in snakemake.input.parts]
        products = combine(parts) if parts else gram(neuron_blocks(store))
        correlation = pattern_correlation(products)
        undefined = n_images - int(is_defined(correlation).sum())
        if products.n_neurons == 1:
            log.warning(
                "%s: layer %s has one neuron; a pattern of one value correlates with none", path, layer
            )
        elif undefined:
            log.warning("%s: %d of %d patterns are constant or not finite", path, undefined, n_images)
        checkpoints[checkpoint] = (store, products, correlation)
    write_grams(Path(snakemake.output[0]), checkpoints)
