# Sparsity of a layer's codes: active fraction, population and lifetime sparseness.
SPARSITY_LAYER = "results/measures/sparsity/{network}/{dataset}/{block}.layer.parquet"
SPARSITY_UNITS = "results/measures/sparsity/{network}/{dataset}/{block}.units.parquet"


rule sparsity:
    input:
        plan.stores_of_block,
    output:
        layer=SPARSITY_LAYER,
        units=SPARSITY_UNITS,
    log:
        "logs/sparsity/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/sparsity/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=runtime_of_block(plan),
    params:
        resamples=measures.sparsity.resamples,
        seed=seed,
        code=code("sparsity.py"),
    message:
        "Sparsity of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/sparsity.py"
