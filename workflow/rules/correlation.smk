# Correlation between images in each layer (mean, and order of the images), and its figures.
CORRELATION_LAYERS = "results/measures/correlation/{network}/{dataset}/layers.parquet"
CORRELATION_ORDERS = "results/measures/correlation/{network}/{dataset}/orders.parquet"
CORRELATION_FIGURE = "results/figures/correlation/{network}/{dataset}/{view}"
CORRELATION_FIGURES = [
    *figures(CORRELATION_FIGURE.replace("{view}", "decorrelation"), RUNS),
    *figures(CORRELATION_FIGURE.replace("{view}", "matrices-final"), RUNS),
    *figures(
        CORRELATION_FIGURE.replace("{view}", "matrices-0"),
        [run for run in RUNS if "0" in checkpoints(run)],
    ),
]


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
        mem_mb=lambda wildcards: memory_of_matrices(wildcards, 6),
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


rule figure_correlation:
    input:
        layers=CORRELATION_LAYERS,
        orders=CORRELATION_ORDERS,
        grams=layers_of_run(GRAM),
        sparsity=layers_of_run(SPARSITY_LAYER),
    output:
        figure_files(
            CORRELATION_FIGURE,
            caption="../report/correlation.rst",
            category="S1 From input to output",
            labels={
                "figure": "correlation {view}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_correlation/{network}/{dataset}/{view}.log",
    wildcard_constraints:
        view="decorrelation|matrices-final|matrices-0",
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_correlation.py"),
    message:
        "Draw correlation ({wildcards.view}) of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_correlation.py"
