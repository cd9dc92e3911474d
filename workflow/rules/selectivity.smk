# How selective single units are for one class.
SELECTIVITY_UNITS = "results/measures/selectivity/{network}/{dataset}/{layer}.units.parquet"
SELECTIVITY_LAYER = "results/measures/selectivity/{network}/{dataset}/{layer}.layer.parquet"


rule selectivity:
    input:
        stores_of_layer,
    output:
        units=SELECTIVITY_UNITS,
        layer=SELECTIVITY_LAYER,
    log:
        "logs/selectivity/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/selectivity/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=120,
    params:
        **config["measures"]["selectivity"],
        seed=config["seed"],
        code=code("selectivity.py"),
    message:
        "Selectivity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/selectivity.py"
