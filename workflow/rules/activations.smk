# One rule per forward pass. A layer whose store is up to date stays with the pass that made it; all other
# layers of a network, checkpoint and data set share one new pass. A pass may be split into shards, jobs of their
# own, whose stores a further rule puts together.
from census.activations.passes import NEW, digest, pass_folder, pass_id, plan, shard_name

STORES = []
for run in RUNS:
    for checkpoint in checkpoints(run):
        settings = pass_settings(run, checkpoint)
        key = digest(settings)
        place = {"network": run["network"], "checkpoint": checkpoint, "dataset": run["dataset"]}
        stores = {layer: Path(STORE.format(layer=path_name(layer), **place)) for layer in run["layers"]}
        STORES += map(str, stores.values())
        for finished, (layers, shards) in plan(stores, key, run["shards"]).items():
            # a run's passes are told apart by their layers; the new one needs no such name
            name = "{network}_{checkpoint}_{dataset}".format(**place)
            name += "" if finished == NEW else f"_{finished}"
            # of a finished pass, some stores may be missing: its id is that of all its layers still
            this_pass = pass_id(key, layers) if finished == NEW else finished
            filled = [directory(str(stores[layer])) for layer in layers]
            beside = stores[layers[0]].parent
            folder = str(pass_folder(beside, this_pass))
            shard = str(beside / shard_name(this_pass, "{shard}"))

            rule:
                name:
                    f"extract_{name}"
                input:
                    weights=WEIGHTS.format(**place),
                    images=DATASET.format(dataset=run["dataset"], split=run["split"]) + ".zarr",
                output:
                    filled if shards == 1 else temp(directory(shard)),
                log:
                    f"logs/extract/extract_{name}{'' if shards == 1 else '.{shard}'}.log",
                benchmark:
                    f"results/benchmarks/extract/extract_{name}{'' if shards == 1 else '.{shard}'}.tsv"
                conda:
                    CONDA
                # the few images of an early checkpoint take less time than loading torch, which uses one core
                threads: 4 if checkpoint == "final" else 1
                resources:
                    mem_mb=memory(memory_of_pass(run)),
                    gpu=GPUS,
                    runtime=runtime_of_pass(run, settings["images"], shards),
                params:
                    **({} if shards == 1 else {"layers": layers}),
                    network=run["network"],
                    settings=settings,
                    key=key,
                    folder=folder,
                    shards=shards,
                message:
                    "Run {network} ({checkpoint}) on {dataset}".format(**place)
                script:
                    "../../scripts/extract.py"

            if shards > 1:

                rule:
                    name:
                        f"gather_{name}"
                    input:
                        shards=expand(shard, shard=range(shards)),
                        # shards are gone when their stores have their places: what makes them out of date
                        weights=WEIGHTS.format(**place),
                        images=DATASET.format(dataset=run["dataset"], split=run["split"]) + ".zarr",
                    output:
                        filled,
                    log:
                        f"logs/gather/gather_{name}.log",
                    conda:
                        CONDA
                    resources:
                        mem_mb=memory(500),
                        runtime=60,
                    params:
                        settings=settings,
                        key=key,
                        folder=folder,
                        code=code("gather.py"),
                    message:
                        "Put together {network} ({checkpoint}) on {dataset}".format(**place)
                    script:
                        "../../scripts/gather.py"
