# Similarity of each layer to itself at other checkpoints, and the figures of what changes over learning.
LEARNING = "results/measures/learning/{network}/{dataset}.parquet"
LEARNING_FIGURE = "results/figures/learning/{network}/{dataset}/{view}"
LEARNING_VIEWS = {
    "steps": list(filter(has_learning, RUNS)),
    "checkpoints": [run for run in RUNS if len(checkpoints(run)) > 1],
}
LEARNING_FIGURES = figures_of_views(LEARNING_FIGURE, LEARNING_VIEWS)


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


for drawing in drawings("figure_learning", LEARNING_VIEWS):

    rule:
        name:
            drawing.name
        input:
            similarities=LEARNING,
            correlations=CORRELATION_LAYERS,
            sparsity=layers_of_run(SPARSITY_LAYER),
            performance=lambda wildcards: PERFORMANCE if has_performance(run_of(wildcards)) else [],
        output:
            **view_files(
                LEARNING_FIGURE,
                drawing.views,
                figure="learning",
                caption="../report/learning.rst",
                category="S1 From input to output",
            ),
        log:
            "logs/figure_learning/{network}/{dataset}.log",
        wildcard_constraints:
            network=drawing.networks,
        group:
            "figures_{network}_{dataset}"
        conda:
            CONDA
        resources:
            mem_mb=memory(1000),
            runtime=10,
        params:
            dpi=config["figures"]["dpi"],
            code=code("figure_learning.py"),
        message:
            "Draw learning of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_learning.py"
