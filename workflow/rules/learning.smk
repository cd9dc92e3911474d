# Similarity of each layer to itself at other checkpoints.
LEARNING = "results/measures/learning/{network}/{dataset}.parquet"


rule learning:
    input:
        layers_of_run(GRAM),
    output:
        LEARNING,
    log:
        "logs/learning/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/learning/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(lambda run: 6 + 5 * len(checkpoints(run))),
        runtime=120,
    params:
        checkpoints=lambda wildcards: checkpoints(run_of(wildcards)),
        resamples=config["measures"]["similarity"]["resamples"],
        seed=config["seed"],
        code=code("learning.py"),
    message:
        "Similarity between the checkpoints of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/learning.py"
