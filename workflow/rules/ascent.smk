# Pictures that drive single units, made by gradient ascent; those of larger layers in parts.
ASCENT = "results/measures/ascent/{network}/{dataset}/{layer}.zarr"
ASCENT_LAYERS = units_looked_at()
# all that decides the pictures, beside the weights
ASCENT_SETTINGS = {
    **config["measures"]["ascent"],
    "network": network_of,
    "units": units_of_run,
    "seed": config["seed"],
    "code": code("ascent.py"),
}


rule ascent:
    input:
        weights_of_units,
    output:
        directory(ASCENT),
    log:
        "logs/ascent/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/ascent/{network}/{dataset}/{layer}.tsv"
    wildcard_constraints:
        network=undivided(ASCENT_LAYERS, "[.]zarr"),
    conda:
        CONDA
    # layers beside each other use the cores better than threads do
    threads: 1
    resources:
        mem_mb=memory(4000),
        gpu=GPUS,
        runtime=240,
    params:
        **ASCENT_SETTINGS,
    message:
        "Ascend to units of {wildcards.network} {wildcards.layer}"
    script:
        "../../scripts/ascent.py"


for part in parts(ASCENT_LAYERS):

    rule:
        name:
            f"ascent_{part.name}"
        input:
            weights_of_units,
        output:
            temp(directory(block_files("ascent", part.blocks, ".zarr"))),
        log:
            f"logs/ascent/{{network}}/{{dataset}}/{{layer}}/{part.name}.log",
        benchmark:
            f"results/benchmarks/ascent/{{network}}/{{dataset}}/{{layer}}/{part.name}.tsv"
        wildcard_constraints:
            network=part.networks,
        conda:
            CONDA
        threads: 1
        resources:
            mem_mb=memory(4000),
            gpu=GPUS,
            runtime=240,
        params:
            **ASCENT_SETTINGS,
            blocks=True,
        message:
            f"Ascend to units of {{wildcards.network}} {{wildcards.layer}}, {part.units}"
        script:
            "../../scripts/ascent.py"


rule ascent_joined:
    input:
        blocks_of_layer("ascent", ASCENT_LAYERS, ".zarr"),
    output:
        directory(ASCENT),
    log:
        "logs/ascent/{network}/{dataset}/{layer}.log",
    wildcard_constraints:
        network=divided(ASCENT_LAYERS, "[.]zarr"),
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # the blocks are gone by then
        **ASCENT_SETTINGS,
        joined=code("ascent_joined.py"),
    message:
        "Put pictures for units of {wildcards.network} {wildcards.layer} together"
    script:
        "../../scripts/ascent_joined.py"
