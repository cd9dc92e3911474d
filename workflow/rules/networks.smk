# Weights of every network and checkpoint, as safetensors: trained here, or brought in from elsewhere.

for name, entry in config["networks"].items():
    if entry["weights"] != "train":
        continue
    training_set = entry["training"]["dataset"]

    rule:
        name:
            f"train_{name}"
        input:
            train=f"results/data/{training_set}/train.zarr",
            test=f"results/data/{training_set}/test.zarr",
        output:
            weights=expand(WEIGHTS, network=name, checkpoint=checked.networks[name].checkpoints),
            history=f"results/networks/{name}/history.tsv",
        log:
            f"logs/train/{name}.log",
        benchmark:
            f"results/benchmarks/train/{name}.tsv"
        conda:
            CONDA
        threads: 4
        resources:
            mem_mb=memory(3000),
            gpu=GPUS,
            runtime=240,
        params:
            network=name,
            settings=network_settings(name),
            code=code("train.py"),
        message:
            f"Train {name} on {training_set}"
        script:
            "../../scripts/train.py"


rule weights:
    input:
        source_of_weights,
    output:
        weights=expand(WEIGHTS, checkpoint=["0", "final"], allow_missing=True),
    log:
        "logs/weights/{network}.log",
    wildcard_constraints:
        network="|".join(name for name, entry in config["networks"].items() if entry["weights"] != "train")
        or "(?!)",
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        runtime=30,
    params:
        settings=lambda wildcards: network_settings(wildcards.network),
        code=code("weights.py"),
    message:
        "Bring in the weights of {wildcards.network}"
    script:
        "../../scripts/weights.py"
