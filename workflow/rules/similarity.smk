# Similarity between the layers of a network, at every checkpoint.
SIMILARITY_PAIRS = "results/measures/similarity/{network}/{dataset}/pairs.parquet"
SIMILARITY_STEPS = "results/measures/similarity/{network}/{dataset}/steps.parquet"


rule similarity:
    input:
        layers_of_run(GRAM),
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
        mem_mb=memory_of_matrices(lambda run: 6 + 5 * len(run["layers"])),
        runtime=240,
    params:
        checkpoints=lambda wildcards: checkpoints(run_of(wildcards)),
        resamples=config["measures"]["similarity"]["resamples"],
        seed=config["seed"],
        code=code("similarity.py"),
    message:
        "Similarity between the layers of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/similarity.py"
