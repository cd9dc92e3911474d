# Ablation effects of single units on a network's logits, and cumulative ablation. The units of slow layers are split
# into parts.
from census.planning.rules import table_path

ABLATION_UNITS = table_path("ablation.units")
ABLATION_CURVES = table_path("ablation.curves")
ABLATION_LAYER = table_path("ablation.layer")
ABLATION_IMAGES = table_path("ablation.images")
ABLATION_PART = "results/parts/ablation/{network}/{dataset}/{block}/{part}.parquet"
ABLATION_INPUTS = {
    "weights": plan.of_run(lambda run: run.unit_weights),
    "stores": lambda wildcards: plan.recordings(wildcards, "units", Recordings(checkpoints="units")),
    "images": plan.of_run(lambda run: run.images),
    "train": plan.of_run(lambda run: run.training_images),
}
# everything that determines the tables, except weights, images and the order of units
ABLATION_SETTINGS = {
    **measures.ablation.model_dump(),
    "network": plan.of_run(lambda run: run.built_from),
    "layers": plan.layers_of_block("units"),
    "n_images": plan.of_run(lambda run: run.settings.n_images),
    "n_ablation_images": plan.of_run(lambda run: run.n_ablation_images),
    "units_per_layer": plan.of_run(lambda run: run.settings.units_per_layer),
    "labeled": plan.of_run(lambda run: run.names_labels),
    "seed": seed,
    "code": code("ablation.py"),
}


rule ablation:
    input:
        **ABLATION_INPUTS,
        # for one of the removal orders
        substitution=table_path("substitution.units"),
    output:
        units=ABLATION_UNITS,
        curves=ABLATION_CURVES,
        layer=ABLATION_LAYER,
        images=ABLATION_IMAGES,
    log:
        "logs/ablation/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{block}.tsv"
    wildcard_constraints:
        block=SHARED,
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=plan.gpus,
        runtime=240,
    params:
        **ABLATION_SETTINGS,
    message:
        "Ablate units of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/ablation.py"


use rule ablation as ablation_part with:
    input:
        **ABLATION_INPUTS,
    output:
        units=temp(ABLATION_PART),
    log:
        "logs/ablation/{network}/{dataset}/{block}/{part}.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{block}/{part}.tsv"
    wildcard_constraints:
        block=SPLIT,
    params:
        **ABLATION_SETTINGS,
        parts=plan.number_of_parts,
    message:
        "Ablate units of {wildcards.network} on {wildcards.dataset}, layer {wildcards.block}, part {wildcards.part}"


use rule ablation as ablation_curves with:
    output:
        curves=temp("results/parts/ablation/{network}/{dataset}/{block}/curves.parquet"),
        layer=temp("results/parts/ablation/{network}/{dataset}/{block}/layer.parquet"),
        images=temp("results/parts/ablation/{network}/{dataset}/{block}/images.parquet"),
    log:
        "logs/ablation/{network}/{dataset}/{block}/curves.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{block}/curves.tsv"
    wildcard_constraints:
        block=SPLIT,
    message:
        "Ablate units of {wildcards.network} on {wildcards.dataset} cumulatively, layer {wildcards.block}"


rule ablation_merge:
    input:
        units=plan.parts_of_block(ABLATION_PART),
        curves=rules.ablation_curves.output.curves,
        layer=rules.ablation_curves.output.layer,
        images=rules.ablation_curves.output.images,
    output:
        units=ABLATION_UNITS,
        curves=ABLATION_CURVES,
        layer=ABLATION_LAYER,
        images=ABLATION_IMAGES,
    log:
        "logs/ablation_merge/{network}/{dataset}/{block}.log",
    wildcard_constraints:
        block=SPLIT,
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # because the parts are deleted after merging
        **ABLATION_SETTINGS,
        merge=code("ablation_merge.py"),
    message:
        "Merge the ablation of {wildcards.network} on {wildcards.dataset}, layer {wildcards.block}"
    script:
        "../../scripts/ablation_merge.py"
