# A rule for each forward pass; see scripts/census/planning/passes.py. A forward pass may be split into shards, which are
# separate jobs. A further rule merges their stores.
from census.planning.passes import passes
from census.planning.resources import memory_of_pass, runtime_of_pass

STORES = []
for each in passes(plan, code("extract.py")):
    STORES += each.stores
    ending = "" if each.shards == 1 else ".{shard}"

    rule:
        name:
            f"extract_{each.name}"
        input:
            weights=each.weights,
            images=each.run.images,
        output:
            each.stores if each.shards == 1 else temp(directory(each.shard)),
        log:
            f"logs/extract/extract_{each.name}{ending}.log",
        benchmark:
            f"results/benchmarks/extract/extract_{each.name}{ending}.tsv"
        conda:
            CONDA
        threads: each.threads
        resources:
            mem_mb=memory_of_pass(each.run, plan.config.activations.batch),
            gpu=plan.gpus,
            runtime=runtime_of_pass(each),
        params:
            **({} if each.shards == 1 else {"layers": each.layers}),
            network=each.run.network,
            settings=each.settings,
            key=each.key,
            folder=each.folder,
            shards=each.shards,
        message:
            f"Run {each.title}"
        script:
            "../../scripts/extract.py"

    if each.shards > 1:

        rule:
            name:
                f"merge_{each.name}"
            input:
                shards=expand(each.shard, shard=range(each.shards)),
                # shards are deleted after merging, so the inputs that make them out of date are listed here
                weights=each.weights,
                images=each.run.images,
            output:
                each.stores,
            log:
                f"logs/merge/merge_{each.name}.log",
            conda:
                CONDA
            resources:
                mem_mb=memory(500),
                runtime=60,
            params:
                settings=each.settings,
                key=each.key,
                folder=each.folder,
                code=code("merge_shards.py"),
            message:
                f"Merge the shards of {each.title}"
            script:
                "../../scripts/merge_shards.py"
