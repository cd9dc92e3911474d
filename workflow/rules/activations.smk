# One rule per forward pass. A layer whose store is up to date stays with the pass that made it; all other
# layers of a network, checkpoint and data set share one new pass.
from census.activations.passes import NEW, digest, plan

STORES = []
for run in RUNS:
    for checkpoint in checkpoints(run):
        settings = pass_settings(run, checkpoint)
        key = digest(settings)
        place = {"network": run["network"], "checkpoint": checkpoint, "dataset": run["dataset"]}
        stores = {layer: Path(STORE.format(layer=layer, **place)) for layer in run["layers"]}
        STORES += map(str, stores.values())
        for pass_id, layers in plan(stores, key).items():
            # a run's passes are told apart by their layers; a new one has no id before it is finished
            name = "extract_{network}_{checkpoint}_{dataset}".format(**place)
            name += "" if pass_id == NEW else f"_{pass_id}"

            rule:
                name:
                    name
                input:
                    weights=WEIGHTS.format(**place),
                    images=DATASET.format(dataset=run["dataset"], split=run["split"]) + ".zarr",
                output:
                    [directory(str(stores[layer])) for layer in layers],
                log:
                    f"logs/extract/{name}.log",
                benchmark:
                    f"results/benchmarks/extract/{name}.tsv"
                conda:
                    CONDA
                # the few images of an early checkpoint take less time than loading torch, which uses one core
                threads: 4 if checkpoint == "final" else 1
                resources:
                    mem_mb=memory(3000),
                    gpu=GPUS,
                    runtime=240,
                params:
                    network=run["network"],
                    settings=settings,
                    key=key,
                message:
                    "Run {network} ({checkpoint}) on {dataset}".format(**place)
                script:
                    "../../scripts/extract.py"
