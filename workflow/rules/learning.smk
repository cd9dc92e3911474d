# Similarity of each layer to itself at other checkpoints.
LEARNING = "results/measures/learning/{network}/{dataset}.parquet"


rule learning:
    input:
        plan.blocks_of_run(GRAM),
    output:
        LEARNING,
    log:
        "logs/learning/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/learning/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 6 + 5 * len(run.checkpoints)),
        runtime=120,
    params:
        checkpoints=plan.of_run(lambda run: list(run.checkpoints)),
        resamples=measures.similarity.resamples,
        seed=seed,
        code=code("learning.py"),
    message:
        "Similarity between the checkpoints of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/learning.py"
