# Images that maximize the activation of single units. The units of slow layers are split into parts.
from census.planning.rules import store_path
from census.stores.paths import ARCHIVE

MAXIMIZATION = store_path("activation_maximization")
MAXIMIZATION_PART = (
    f"results/parts/activation_maximization/{{network}}/{{dataset}}/{{block}}/{{part}}.{ARCHIVE}"
)
# everything that determines the images, except the weights
MAXIMIZATION_SETTINGS = {
    **measures.activation_maximization.model_dump(),
    "network": plan.of_run(lambda run: run.built_from),
    "layers": plan.layers_of_block("units"),
    "units_per_layer": plan.of_run(lambda run: run.settings.units_per_layer),
    "seed": seed,
    "code": code("activation_maximization.py"),
}


rule activation_maximization:
    input:
        plan.of_run(lambda run: run.unit_weights),
    output:
        MAXIMIZATION,
    log:
        "logs/activation_maximization/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/activation_maximization/{network}/{dataset}/{block}.tsv"
    wildcard_constraints:
        block=SHARED,
    conda:
        CONDA
    # two jobs use two cores better than one job with two threads
    threads: 1
    resources:
        mem_mb=memory(4000),
        gpu=plan.gpus,
        runtime=240,
    params:
        **MAXIMIZATION_SETTINGS,
    message:
        "Maximize units of {wildcards.network}, layers {wildcards.block}"
    script:
        "../../scripts/activation_maximization.py"


use rule activation_maximization as activation_maximization_part with:
    output:
        temp(MAXIMIZATION_PART),
    log:
        "logs/activation_maximization/{network}/{dataset}/{block}/{part}.log",
    benchmark:
        "results/benchmarks/activation_maximization/{network}/{dataset}/{block}/{part}.tsv"
    wildcard_constraints:
        block=SPLIT,
    params:
        **MAXIMIZATION_SETTINGS,
        parts=plan.number_of_parts,
    message:
        "Maximize units of {wildcards.network}, layer {wildcards.block}, part {wildcards.part}"


rule activation_maximization_merge:
    input:
        plan.parts_of_block(MAXIMIZATION_PART),
    output:
        MAXIMIZATION,
    log:
        "logs/activation_maximization_merge/{network}/{dataset}/{block}.log",
    wildcard_constraints:
        block=SPLIT,
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # because the parts are deleted after merging
        **MAXIMIZATION_SETTINGS,
        merge=code("activation_maximization_merge.py"),
    message:
        "Merge activation-maximization images of {wildcards.network}, layer {wildcards.block}"
    script:
        "../../scripts/activation_maximization_merge.py"
