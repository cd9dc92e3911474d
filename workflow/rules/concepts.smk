# The top images of units and their classes: to how many classes a unit responds, and how evenly.
CONCEPTS = "results/measures/concepts/{network}/{dataset}/{block}.zarr"
CONCEPTS_UNITS = "results/measures/concepts/{network}/{dataset}/{block}.units.parquet"
CONCEPTS_LAYER = "results/measures/concepts/{network}/{dataset}/{block}.layer.parquet"


rule concepts:
    input:
        plan.stores_of_block,
    output:
        store=directory(CONCEPTS),
        units=CONCEPTS_UNITS,
        layer=CONCEPTS_LAYER,
    log:
        "logs/concepts/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/concepts/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=runtime_of_block(plan),
    params:
        **measures.concepts.model_dump(),
        seed=seed,
        code=code("concepts.py"),
    message:
        "Concepts of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/concepts.py"
