# Pictures that drive single units, made by gradient ascent.
ASCENT = "results/measures/ascent/{network}/{dataset}/{layer}.zarr"


rule ascent:
    input:
        weights_of_units,
    output:
        directory(ASCENT),
    log:
        "logs/ascent/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/ascent/{network}/{dataset}/{layer}.tsv"
    conda:
        CONDA
    # layers beside each other use the cores better than threads do
    threads: 1
    resources:
        mem_mb=memory(4000),
        gpu=GPUS,
        runtime=240,
    params:
        **config["measures"]["ascent"],
        network=network_of,
        units=lambda wildcards: run_of(wildcards)["units"],
        seed=config["seed"],
        code=code("ascent.py"),
    message:
        "Ascend to units of {wildcards.network} {wildcards.layer}"
    script:
        "../../scripts/ascent.py"
