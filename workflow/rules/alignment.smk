# Alignment of activation vectors with the basis of units, and how peaked units are compared with other directions.
ALIGNMENT = "results/measures/alignment/{network}/{dataset}/{block}.layer.parquet"
ALIGNMENT_RESAMPLES = "results/measures/alignment/{network}/{dataset}/{block}.resamples.parquet"
BASES = "results/measures/bases/{network}/{dataset}.parquet"


rule alignment:
    input:
        plan.stores_of_block,
    output:
        layer=ALIGNMENT,
        # of resamples of images, for what is measured across layers
        resamples=ALIGNMENT_RESAMPLES,
    log:
        "logs/alignment/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/alignment/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    # activation vectors at the positions of images with maps, and a rotation of up to units by units each
    resources:
        mem_mb=memory(3000),
        runtime=runtime_of_block(plan),
    params:
        **measures.alignment.model_dump(include={"images", "rotations", "resamples"}),
        seed=seed,
        code=code("alignment.py"),
    message:
        "Alignment of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/alignment.py"


rule bases:
    input:
        plan.of_run(lambda run: run.final_unit_stores),
    output:
        BASES,
    log:
        "logs/bases/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/bases/{network}/{dataset}.tsv"
    conda:
        CONDA
    # a layer's activation vectors at the positions of all images with maps
    resources:
        mem_mb=memory(3000),
        runtime=60,
    params:
        **measures.alignment.model_dump(include={"directions", "rotations", "resamples"}),
        seed=seed,
        code=code("bases.py"),
    message:
        "Bases of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/bases.py"
