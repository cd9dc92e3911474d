# The top images of a layer's units and their classes: how many classes a unit answers to, and how evenly.
CONCEPTS = "results/measures/concepts/{network}/{dataset}/{layer}.zarr"
CONCEPTS_UNITS = "results/measures/concepts/{network}/{dataset}/{layer}.units.parquet"
CONCEPTS_LAYER = "results/measures/concepts/{network}/{dataset}/{layer}.layer.parquet"


rule concepts:
    input:
        stores_of_layer,
    output:
        store=directory(CONCEPTS),
        units=CONCEPTS_UNITS,
        layer=CONCEPTS_LAYER,
    log:
        "logs/concepts/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/concepts/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=60,
    params:
        **config["measures"]["concepts"],
        seed=config["seed"],
        code=code("concepts.py"),
    message:
        "Concepts of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/concepts.py"
