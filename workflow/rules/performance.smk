# Accuracy and loss of the networks on the data sets on which they were trained, at every checkpoint.
PERFORMANCE = "results/measures/performance/{network}/{dataset}.parquet"


rule performance:
    input:
        lambda wildcards: expand(
            STORE, checkpoint=checkpoints(run_of(wildcards)), layer="output", allow_missing=True
        ),
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
        resamples=config["measures"]["performance"]["resamples"],
        seed=config["seed"],
        code=code("performance.py"),
    message:
        "Accuracy and loss of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/performance.py"
