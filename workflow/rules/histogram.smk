# Histograms of the activations of a layer that are not 0, and their figure.
HISTOGRAM = "results/measures/histogram/{network}/{dataset}/{layer}.parquet"
HISTOGRAM_FIGURE = "results/figures/histogram/{network}/{dataset}/{view}"
HISTOGRAM_VIEWS = {checkpoint: runs_at(checkpoint) for run in RUNS for checkpoint in checkpoints(run)}
HISTOGRAM_FIGURES = figures_of_views(HISTOGRAM_FIGURE, HISTOGRAM_VIEWS)


rule histogram:
    input:
        stores_of_layer,
    output:
        HISTOGRAM,
    log:
        "logs/histogram/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/histogram/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        bins=config["measures"]["histogram"]["bins"],
        code=code("histogram.py"),
    message:
        "Histogram of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/histogram.py"


for drawing in drawings("figure_histogram", HISTOGRAM_VIEWS):

    rule:
        name:
            drawing.name
        input:
            layers_of_run(HISTOGRAM),
        output:
            **view_files(
                HISTOGRAM_FIGURE,
                drawing.views,
                figure="histogram",
                caption="../report/histogram.rst",
                category="S0 Sparse or distributed?",
            ),
        log:
            "logs/figure_histogram/{network}/{dataset}.log",
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
            code=code("figure_histogram.py"),
        message:
            "Draw histograms of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_histogram.py"
