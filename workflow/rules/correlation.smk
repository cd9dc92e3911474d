# Correlation between images in each layer: mean, and order of the images.
CORRELATION_LAYERS = "results/measures/correlation/{network}/{dataset}/layers.parquet"
CORRELATION_ORDERS = "results/measures/correlation/{network}/{dataset}/orders.parquet"


rule correlation:
    input:
        plan.blocks_of_run(GRAM),
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
        mem_mb=memory_of_matrices(plan, lambda run: 6),
        runtime=60,
    params:
        checkpoints=plan.of_run(lambda run: list(run.checkpoints)),
        resamples=measures.similarity.resamples,
        seed=seed,
        code=code("correlation.py"),
    message:
        "Correlation between images of {wildcards.dataset} in {wildcards.network}"
    script:
        "../../scripts/correlation.py"
