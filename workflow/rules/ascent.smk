# Images that maximize the activation of single units, by gradient ascent. The units of a layer that takes long are split
# into parts.
from census.planning.rules import path_of

ASCENT = path_of("ascent", "zarr")
ASCENT_PART = "results/parts/ascent/{network}/{dataset}/{block}/{part}.zarr"
# all that determines the images, beside the weights
ASCENT_SETTINGS = {
    **measures.ascent.model_dump(),
    "network": plan.of_run(lambda run: run.built_from),
    "layers": plan.layers_of_block("units"),
    "units": plan.of_run(lambda run: run.settings.units),
    "seed": seed,
    "code": code("ascent.py"),
}


rule ascent:
    input:
        plan.of_run(lambda run: run.unit_weights),
    output:
        directory(ASCENT),
    log:
        "logs/ascent/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/ascent/{network}/{dataset}/{block}.tsv"
    wildcard_constraints:
        block=SHARED,
    conda:
        CONDA
    # two jobs use two cores better than two threads do
    threads: 1
    resources:
        mem_mb=memory(4000),
        gpu=plan.gpus,
        runtime=240,
    params:
        **ASCENT_SETTINGS,
    message:
        "Maximize units of {wildcards.network}, layers {wildcards.block}"
    script:
        "../../scripts/ascent.py"


use rule ascent as ascent_part with:
    output:
        temp(directory(ASCENT_PART)),
    log:
        "logs/ascent/{network}/{dataset}/{block}/{part}.log",
    benchmark:
        "results/benchmarks/ascent/{network}/{dataset}/{block}/{part}.tsv"
    wildcard_constraints:
        block=SPLIT,
    params:
        **ASCENT_SETTINGS,
        parts=plan.number_of_parts,
    message:
        "Maximize units of {wildcards.network}, layer {wildcards.block}, part {wildcards.part}"


rule ascent_merge:
    input:
        plan.parts_of_block(ASCENT_PART),
    output:
        directory(ASCENT),
    log:
        "logs/ascent_merge/{network}/{dataset}/{block}.log",
    wildcard_constraints:
        block=SPLIT,
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # the parts are gone by then
        **ASCENT_SETTINGS,
        merge=code("ascent_merge.py"),
    message:
        "Merge activation-maximization images of {wildcards.network}, layer {wildcards.block}"
    script:
        "../../scripts/ascent_merge.py"
