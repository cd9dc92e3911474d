# Similarity between the layers of a network, at every checkpoint.
SIMILARITY_PAIRS = "results/measures/similarity/{network}/{dataset}/pairs.parquet"
SIMILARITY_STEPS = "results/measures/similarity/{network}/{dataset}/steps.parquet"


rule similarity:
    input:
        plan.blocks_of_run(GRAM),
    output:
        pairs=SIMILARITY_PAIRS,
        steps=SIMILARITY_STEPS,
    log:
        "logs/similarity/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/similarity/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 6 + 5 * len(run.layers)),
        runtime=240,
    params:
        checkpoints=plan.of_run(lambda run: list(run.checkpoints)),
        resamples=measures.similarity.resamples,
        seed=seed,
        code=code("similarity.py"),
    message:
        "Similarity between the layers of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/similarity.py"
