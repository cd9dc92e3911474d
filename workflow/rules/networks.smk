# Weights of every network and checkpoint, as safetensors: trained here, or imported.
from census.planning.replicas import training_of
from census.planning.resources import memory_of_training

for name, replica in plan.replicas.items():
    entry = replica.entry
    if entry.training is None:
        continue

    rule:
        name:
            f"train_{name}"
        input:
            train=f"results/data/{entry.training.dataset}/train.zarr",
            test=f"results/data/{entry.training.dataset}/test.zarr",
        output:
            weights=expand(WEIGHTS, network=name, checkpoint=entry.checkpoints),
            history=f"results/networks/{name}/history.tsv",
        log:
            f"logs/train/{name}.log",
        benchmark:
            f"results/benchmarks/train/{name}.tsv"
        conda:
            CONDA
        threads: 4
        resources:
            mem_mb=memory_of_training,
            gpu=plan.gpus,
            runtime=240,
        params:
            **training_of(replica, plan.config),
        message:
            f"Train {replica.title} on {entry.training.dataset}"
        script:
            "../../scripts/train.py"


rule weights:
    input:
        plan.source_of_weights,
    output:
        weights=expand(WEIGHTS, checkpoint=["0", "final"], allow_missing=True),
    log:
        "logs/weights/{network}.log",
    wildcard_constraints:
        network="|".join(name for name, replica in plan.replicas.items() if replica.entry.training is None)
        or "(?!)",
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        runtime=30,
    params:
        settings=lambda wildcards: plan.replicas[wildcards.network].settings,
        code=code("weights.py"),
    message:
        "Import the weights of {wildcards.network}"
    script:
        "../../scripts/weights.py"
