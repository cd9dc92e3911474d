# Correlation between images in each layer (mean, and order of the images), and its figures.
CORRELATION_LAYERS = "results/measures/correlation/{network}/{dataset}/layers.parquet"
CORRELATION_ORDERS = "results/measures/correlation/{network}/{dataset}/orders.parquet"
CORRELATION_FIGURE = "results/figures/correlation/{network}/{dataset}/{view}"
CORRELATION_VIEWS = {
    "decorrelation": RUNS,
    "matrices-final": RUNS,
    "matrices-0": runs_at("0"),
}
CORRELATION_FIGURES = figures_of_views(CORRELATION_FIGURE, CORRELATION_VIEWS)


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
        mem_mb=memory_of_matrices(lambda run: 6),
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


for drawing in drawings("figure_correlation", CORRELATION_VIEWS):

    rule:
        name:
            drawing.name
        input:
            layers=CORRELATION_LAYERS,
            orders=CORRELATION_ORDERS,
            grams=layers_of_run(GRAM),
            sparsity=layers_of_run(SPARSITY_LAYER),
        output:
            **view_files(
                CORRELATION_FIGURE,
                drawing.views,
                figure="correlation",
                caption="../report/correlation.rst",
                category="S1 From input to output",
            ),
        log:
            "logs/figure_correlation/{network}/{dataset}.log",
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
            code=code("figure_correlation.py"),
        message:
            "Draw correlation of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_correlation.py"
