# Single- and multi-faceted units, told apart by the degrees of a whole network.
FACETEDNESS_UNITS = "results/measures/facetedness/{network}/{dataset}/units.parquet"
FACETEDNESS_LAYERS = "results/measures/facetedness/{network}/{dataset}/layers.parquet"


rule facetedness:
    input:
        units=plan.blocks_of_run(CONCEPTS_UNITS),
        layers=plan.blocks_of_run(CONCEPTS_LAYER),
    output:
        units=FACETEDNESS_UNITS,
        layers=FACETEDNESS_LAYERS,
    log:
        "logs/facetedness/{network}/{dataset}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("facetedness.py"),
    message:
        "Single- and multi-faceted units of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/facetedness.py"
