"""Run a forward pass over a data set, or a shard of it, and fill the stores of all requested layers."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from importlib.metadata import version

    from census.data.store import open_dataset
    from census.networks.device import device_of_job
    from census.networks.hubs import version_of_hub
    from census.networks.loading import prepare_checkpoint
    from census.networks.verification import N_IMAGES
    from census.networks.weights import digest_of_weights, step_of_weights
    from census.recording.forward import Images, Pass
    from census.recording.passes import digest, pass_id
    from census.statistics.subset import choose_images
    from census.stores.paths import ARCHIVE, layer_name

    key, settings = snakemake.params.network, dict(snakemake.params.settings)
    device = device_of_job(snakemake)
    entry = {**settings["network"], "weights": settings["weights"]}
    weights = Path(snakemake.input.weights)
    data = open_dataset(snakemake.input.images)

    shards, shard = snakemake.params.shards, int(snakemake.wildcards.get("shard", 0))
    outputs = [Path(path) for path in snakemake.output]
    indices, n_maps = choose_images(
        len(data.labels), settings["n_images"], settings["n_map_images"], settings["seed"]
    )
    images = Images(data.pixels, data.labels, indices, n_maps)
    # all shards test the network on the same images, so that their stores agree
    first = next(images.batches(N_IMAGES))
    prepared = prepare_checkpoint(weights, entry, settings["seed"], key, device, first)
    known = [layer.name for layer in prepared.listing.layers]
    names = snakemake.params.get("layers") or [
        layer_name(path.name.removesuffix(f".{ARCHIVE}"), known) for path in outputs
    ]
    layers = prepared.select(names)
    verification = prepared.verify()
    log.info("recorded values are the network's own: %s", verification)

    this_pass = pass_id(snakemake.params.key, names)
    provenance = {
        "key": snakemake.params.key,
        "pass": this_pass,
        "shards": shards,
        "network": key,
        "checkpoint": weights.stem,
        "step": step_of_weights(weights),
        "dataset": Path(snakemake.input.images).parent.name,
        "split": settings["split"],
        "weights_digest": digest_of_weights(weights),
        "data_digest": data.attributes["digest"],
        "preprocessing": entry["input"],
        "preprocessing_digest": digest(entry["input"]),
        "classes": data.classes,
        "precision": settings["activations"]["precision"],
        "verification": verification.attribute(),
        "software": {
            name: version(name) for name in ("torch", "torchvision", "numba", "zarr", "numcodecs", "numpy")
        }
        | version_of_hub(entry["architecture"]),
    }
    # weights and images are part of the identity, and their content is known only here
    identity = digest([this_pass, shards, provenance["weights_digest"], provenance["data_digest"]])
    run = Pass(
        prepared,
        layers,
        images,
        Path(snakemake.params.folder) / str(shard),
        identity,
        batch=settings["activations"]["batch"],
        compression=settings["activations"]["compression"],
        dtype=settings["activations"]["dtype"],
        precision=settings["activations"]["precision"],
        positions=settings["activations"]["positions"],
        seed=settings["seed"],
        shard=shard,
        shards=shards,
    )
    log.info("%d images, %d with maps, %d layers, on %s", len(indices), n_maps, len(layers), device)
    run.run()
    if shards == 1:
        run.finish(provenance, dict(zip(names, outputs, strict=True)))
    else:
        log.info("shard %d of %d: %d images", shard, shards, run.n_images)
        run.finish_shard(provenance, outputs[0])
