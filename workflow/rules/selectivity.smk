# Class selectivity of units.
SELECTIVITY_UNITS = "results/measures/selectivity/{network}/{dataset}/{block}.units.parquet"
SELECTIVITY_LAYER = "results/measures/selectivity/{network}/{dataset}/{block}.layer.parquet"


rule selectivity:
    input:
        plan.stores_of_block,
    output:
        units=SELECTIVITY_UNITS,
        layer=SELECTIVITY_LAYER,
    log:
        "logs/selectivity/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/selectivity/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=runtime_of_block(plan),
    params:
        **measures.selectivity.model_dump(),
        seed=seed,
        code=code("selectivity.py"),
    message:
        "Selectivity of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/selectivity.py"
