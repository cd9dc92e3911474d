# Accuracy and loss of networks on the data sets on which they were trained, at every checkpoint.
PERFORMANCE = "results/measures/performance/{network}/{dataset}.parquet"


rule performance:
    input:
        plan.of_run(lambda run: run.logits),
    output:
        PERFORMANCE,
    log:
        "logs/performance/{network}/{dataset}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        resamples=measures.performance.resamples,
        seed=seed,
        code=code("performance.py"),
    message:
        "Accuracy and loss of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/performance.py"
