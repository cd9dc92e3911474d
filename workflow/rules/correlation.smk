# Correlation between images in each layer (mean, and order of the images).
CORRELATION_LAYERS = "results/measures/correlation/{network}/{dataset}/layers.parquet"
CORRELATION_ORDERS = "results/measures/correlation/{network}/{dataset}/orders.parquet"


rule correlation:
    input:
        layers_of_run(GRAM),
    output:
        layers=CORRELATION_LAYERS,
        orders=CORRELATION_ORDERS,
    log:
        "logs/correlation/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/correlation/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(lambda run: 6),
        runtime=60,
    params:
        checkpoints=lambda wildcards: checkpoints(run_of(wildcards)),
        resamples=config["measures"]["similarity"]["resamples"],
        seed=config["seed"],
        code=code("correlation.py"),
    message:
        "Correlation between images of {wildcards.dataset} in {wildcards.network}"
    script:
        "../../scripts/correlation.py"
