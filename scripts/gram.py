"""Multiply the patterns of a layer with each other, at every checkpoint."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    from census.activations.reading import neuron_blocks, open_store
    from census.errors import StudyError
    from census.grams import write_grams
    from census.measures.correlation import is_defined, pattern_correlation
    from census.measures.gram import gram

    checkpoints = {}
    for path in snakemake.input:
        store = open_store(path)
        layer, n_images = store.attrs["layer"], store["maps"].shape[0]
        if n_images < 3:
            raise StudyError(
                f"{path} has whole maps of {n_images} image(s), and similarity needs 3 at least; raise maps, "
                "and images, of this run in the config, or give the data set more images"
            )
        products = gram(neuron_blocks(store))
        correlation = pattern_correlation(products)
        undefined = n_images - int(is_defined(correlation).sum())
        if products.n_neurons == 1:
            log.warning(
                "%s: layer %s has one neuron; a pattern of one value correlates with none", path, layer
            )
        elif undefined:
            log.warning("%s: %d of %d patterns are constant or not finite", path, undefined, n_images)
        checkpoints[store.attrs["checkpoint"]] = (store, products, correlation)
    write_grams(Path(snakemake.output[0]), checkpoints)
