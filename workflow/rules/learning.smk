# Similarity of each layer to itself at other checkpoints, and the figures of what changes over learning.
LEARNING = "results/measures/learning/{network}/{dataset}.parquet"
LEARNING_FIGURE = "results/figures/learning/{network}/{dataset}/{view}"
LEARNING_FIGURES = [
    *figures(
        LEARNING_FIGURE.replace("{view}", "steps"),
        [run for run in RUNS if len(checkpoints(run)) > 2],
    ),
    *figures(
        LEARNING_FIGURE.replace("{view}", "checkpoints"),
        [run for run in RUNS if len(checkpoints(run)) > 1],
    ),
]


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
        mem_mb=lambda wildcards: memory_of_matrices(wildcards, 6 + 5 * len(checkpoints(run_of(wildcards)))),
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


rule figure_learning:
    input:
        similarities=LEARNING,
        correlations=CORRELATION_LAYERS,
        sparsity=layers_of_run(SPARSITY_LAYER),
        performance=lambda wildcards: PERFORMANCE if has_performance(run_of(wildcards)) else [],
    output:
        figure_files(
            LEARNING_FIGURE,
            caption="../report/learning.rst",
            category="S1 From input to output",
            labels={
                "figure": "learning {view}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_learning/{network}/{dataset}/{view}.log",
    wildcard_constraints:
        view="steps|checkpoints",
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_learning.py"),
    message:
        "Draw learning ({wildcards.view}) of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_learning.py"
