# How sparse the codes of a layer are (active fraction, population and lifetime sparseness).
SPARSITY_LAYER = "results/measures/sparsity/{network}/{dataset}/{layer}.layer.parquet"
SPARSITY_UNITS = "results/measures/sparsity/{network}/{dataset}/{layer}.units.parquet"


rule sparsity:
    input:
        stores_of_layer,
    output:
        layer=SPARSITY_LAYER,
        units=SPARSITY_UNITS,
    log:
        "logs/sparsity/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/sparsity/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        resamples=config["measures"]["sparsity"]["resamples"],
        seed=config["seed"],
        code=code("sparsity.py"),
    message:
        "Sparsity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/sparsity.py"
