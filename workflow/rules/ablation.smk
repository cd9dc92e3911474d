# What a network's answers lose without single units of a layer, and without more and more of them.
ABLATION_UNITS = "results/measures/ablation/{network}/{dataset}/{layer}.units.parquet"
ABLATION_CURVES = "results/measures/ablation/{network}/{dataset}/{layer}.curves.parquet"
ABLATION_LAYER = "results/measures/ablation/{network}/{dataset}/{layer}.layer.parquet"


ABLATION_LAYERS = units_looked_at()
# all that decides the tables, beside weights, images and what orders units
ABLATION_SETTINGS = {
    **config["measures"]["ablation"],
    "network": network_of,
    "images": number_of_images,
    "maps": images_of_ablation,
    "units": units_of_run,
    "labelled": labels_are_known,
    "seed": config["seed"],
    "code": code("ablation.py"),
}


rule ablation:
    input:
        weights=weights_of_units,
        stores=stores_of_units,
        images=images_of_run,
        train=training_images_of_ablation,
        # by what of these units are removed first
        selectivity=SELECTIVITY_UNITS,
        substitution=SUBSTITUTION_UNITS,
    output:
        units=ABLATION_UNITS,
        curves=ABLATION_CURVES,
        layer=ABLATION_LAYER,
    log:
        "logs/ablation/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{layer}.tsv"
    wildcard_constraints:
        network=undivided(ABLATION_LAYERS, "[.](?:units|curves|layer)[.]parquet"),
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=GPUS,
        runtime=240,
    params:
        **ABLATION_SETTINGS,
    message:
        "Take units out of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/ablation.py"


for part in parts(ABLATION_LAYERS):

    rule:
        name:
            f"ablation_{part.name}"
        input:
            weights=weights_of_units,
            stores=stores_of_units,
            images=images_of_run,
            train=training_images_of_ablation,
        output:
            units=temp(block_files("ablation", part.blocks, ".parquet")),
        log:
            f"logs/ablation/{{network}}/{{dataset}}/{{layer}}/{part.name}.log",
        benchmark:
            f"results/benchmarks/ablation/{{network}}/{{dataset}}/{{layer}}/{part.name}.tsv"
        wildcard_constraints:
            network=part.networks,
        conda:
            CONDA
        resources:
            mem_mb=memory(3000),
            gpu=GPUS,
            runtime=240,
        params:
            **ABLATION_SETTINGS,
        message:
            f"Take units out of {{wildcards.network}} {{wildcards.layer}} on {{wildcards.dataset}}, {part.units}"
        script:
            "../../scripts/ablation.py"


rule ablation_curves:
    input:
        weights=weights_of_units,
        stores=stores_of_units,
        images=images_of_run,
        train=training_images_of_ablation,
        selectivity=SELECTIVITY_UNITS,
        substitution=SUBSTITUTION_UNITS,
    output:
        curves=temp("results/parts/ablation/{network}/{dataset}/{layer}/curves.parquet"),
        layer=temp("results/parts/ablation/{network}/{dataset}/{layer}/layer.parquet"),
    log:
        "logs/ablation/{network}/{dataset}/{layer}/curves.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{layer}/curves.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=GPUS,
        runtime=240,
    params:
        **ABLATION_SETTINGS,
    message:
        "Take more and more units out of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/ablation.py"


rule ablation_joined:
    input:
        units=blocks_of_layer("ablation", ABLATION_LAYERS, ".parquet"),
        curves=rules.ablation_curves.output.curves,
        layer=rules.ablation_curves.output.layer,
    output:
        units=ABLATION_UNITS,
        curves=ABLATION_CURVES,
        layer=ABLATION_LAYER,
    log:
        "logs/ablation/{network}/{dataset}/{layer}.log",
    wildcard_constraints:
        network=divided(ABLATION_LAYERS, "[.](?:units|curves|layer)[.]parquet"),
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # the blocks are gone by then
        **ABLATION_SETTINGS,
        joined=code("ablation_joined.py"),
    message:
        "Put ablation of {wildcards.network} {wildcards.layer} on {wildcards.dataset} together"
    script:
        "../../scripts/ablation_joined.py"
