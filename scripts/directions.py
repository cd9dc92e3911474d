"""Find directions of layers - singular vectors, single neurons, random ones - at every checkpoint."""

from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import tempfile

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.errors import StudyError
    from census.measures.direction_tables import COLUMNS, COMPARISONS, Directions, Spectrum
    from census.measures.directions import explicit_projections, random_projections
    from census.measures.svd import (
        MOST_IN_FULL,
        Decomposition,
        count_above,
        decompose,
        held_out_error,
        loadings,
        permuted_strengths,
        randomized,
        singular_values,
    )
    from census.recording.patterns import open_patterns
    from census.statistics.variance import neurons, unit_variance
    from census.stores.groups import layers_in, open_checkpoint, write_checkpoint
    from census.stores.reading import open_store
    from census.tables.keys import key_columns, key_values, table_of

    params, seed = snakemake.params, snakemake.params.seed
    rank, leading, resamples = params.components, params.leading, params.resamples
    destination, right = Path(snakemake.output.store), None
    if snakemake.input.logits:
        from census.measures.performance import right_images

        logits = open_store(snakemake.input.logits[0])
        n_logits, n_classes = logits.attrs["shape"][0], len(logits.attrs["classes"])
        if n_logits != n_classes:
            raise StudyError(
                f"config: runs: correct_only: the network names {n_logits} classes, "
                f"{logits.attrs['dataset']} has {n_classes}, and so no image is known to be "
                "classified rightly; leave it out"
            )
        # those with whole maps come first, and no others count
        right = right_images(
            *(logits[name][: logits["maps"].shape[0]] for name in ("mean", "label", "image"))
        )

    grams = layers_in(snakemake.input.gram)
    rows, tables = [], {"spectrum": [], "directions": [], "units": []}
    for path in one_by_one(snakemake.input.stores):
        store = open_store(path)
        attributes = dict(store.attrs)
        layer, checkpoint, shape = (attributes[name] for name in ("layer", "checkpoint", "shape"))
        gram = open_checkpoint(grams[layer], checkpoint) if grams else None
        patterns = open_patterns(store, gram, right)
        correlation, n_images, n_neurons = patterns.correlation, len(patterns.places), patterns.n_neurons
        if n_images + patterns.n_undefined < 2:
            raise StudyError(
                f"{path}: all but {n_images} of the images with whole maps are classified wrongly, and "
                "directions need two at least; raise maps, and images, of this run in the config"
            )
        if patterns.n_undefined:
            log.warning("%s: %d patterns are constant or not finite", path, patterns.n_undefined)

        # from correlations, or for very many images from the patterns themselves
        found, held_out = Decomposition(np.empty(0), np.empty((n_images, 0))), np.empty(0)
        if n_images < 2:
            pass  # a pattern of its own has no direction
        elif correlation is None:
            with tempfile.TemporaryDirectory(dir=destination.parent) as folder:
                found = randomized(patterns.mapped(Path(folder) / "patterns"), leading, seed)
        else:
            found = decompose(correlation, n_neurons, leading)
            held_out = held_out_error(correlation, n_neurons, leading, seed)
        if len(found.strengths) < rank:
            log.warning("%s: %d components asked for, %d found", path, rank, len(found.strengths))
        first = Decomposition(found.strengths[:leading], found.vectors[:, :leading])
        arrays = {
            "image": (("image",), patterns.images),
            "singular_vectors": (("image", "component"), first.vectors.astype(np.float32)),
        }

        # the untrained and the final network are looked at more closely; NaN: undefined, null: not measured
        closely = checkpoint in ("0", "final")
        permuted, numbers = None, dict.fromkeys(COMPARISONS, np.nan if closely else None)
        if closely and len(found.strengths):
            single = neurons(
                patterns.blocks(),
                n_neurons,
                n_top=max(rank, params.neurons),
                n_chosen=params.neurons,
                n_sample=params.permuted_neurons,
                seed=seed,
            )
            if correlation is not None:
                permuted = permuted_strengths(
                    single.sample, correlation, n_neurons, leading, params.permutations, seed
                )
            if correlation is not None and n_images <= MOST_IN_FULL:
                projections = random_projections(found, n_neurons, params.projections, seed)
            else:
                projections = explicit_projections(patterns.blocks(), n_images, params.projections, seed)
            top = min(params.top, n_images // 2)
            if top < params.top:
                log.warning("%s: %d images at an end, not %d: half of all", path, top, params.top)
            directions = Directions(
                {
                    "svd": (first.vectors * singular_values(first.strengths, n_neurons)).T,
                    "variance": single.top_values,
                    "neuron": single.chosen_values,
                    "projection": projections,
                },
                {"variance": single.top, "neuron": single.chosen},
                patterns.labels,
                len(attributes["classes"]),
                shape[0],
                top,
            )
            columns = directions.columns(params.variance_quantile)
            numbers |= directions.summary(columns, rank, resamples, seed)
            numbers["n_constant_neurons"] = int(np.isnan(single.variance).sum())
            if permuted is not None:
                numbers["n_components_above_null"] = count_above(found.strengths, permuted)
            tables["directions"].append(pa.table(key_columns(attributes, len(columns["number"])) | columns))
            units = {"unit": np.arange(shape[0]), "variance": unit_variance(single.variance, shape[0])}
            tables["units"].append(pa.table(key_columns(attributes, shape[0]) | units))
            sides = directions.ends()
            arrays |= {
                "variance": (("y", "x", "unit"), single.variance.reshape(np.roll(shape, -1))),
                "top_image": (("direction", "rank"), patterns.images[sides.top]),
                "bottom_image": (("direction", "rank"), patterns.images[sides.bottom]),
            }
        if layer in params.loadings:
            found_loadings = loadings((block for block, _ in patterns.blocks()), first, n_neurons)
            arrays["loadings"] = (
                ("component", "y", "x", "unit"),
                found_loadings.reshape(-1, *np.roll(shape, -1)),
            )
        write_checkpoint(
            destination, {name: each for name, each in arrays.items() if each[1].size}, attributes
        )

        spectrum = Spectrum(found, correlation, held_out, permuted, n_images, n_neurons)
        columns = spectrum.columns()
        tables["spectrum"].append(pa.table(key_columns(attributes, len(columns["component"])) | columns))
        rows.append(
            {
                **key_values(attributes),
                "n_neurons": n_neurons,
                "n_map_images": n_images + patterns.n_undefined + patterns.n_wrong,
                "n_images": n_images,
                "n_wrong_images": patterns.n_wrong,
                "n_undefined_patterns": patterns.n_undefined,
                "components": rank,
                "permutations": params.permutations,
                "top": params.top,
                "resamples": resamples,
                **spectrum.summary(rank, params.matched_images, params.threshold, resamples, seed),
                **numbers,
            }
        )
        log.info("%s", rows[-1])
    pq.write_table(table_of(rows), snakemake.output.layer)
    for name, parts in tables.items():
        # layers that are inactive on all images have no direction
        none = {column: pa.array([], dtype) for column, dtype in COLUMNS.get(name, {}).items()}
        whole = pa.concat_tables(parts) if parts else pa.table(key_columns(attributes, 0) | none)
        pq.write_table(whole, snakemake.output[name])
