# Histograms of the activations of a layer that are not 0, and their figure.
HISTOGRAM = "results/measures/histogram/{network}/{dataset}/{layer}.parquet"
HISTOGRAM_FIGURE = "results/figures/histogram/{network}/{dataset}/{checkpoint}"
HISTOGRAM_FIGURES = [
    path
    for run in RUNS
    for path in figures(expand(HISTOGRAM_FIGURE, checkpoint=checkpoints(run), allow_missing=True), [run])
]


rule histogram:
    input:
        stores_of_layer,
    output:
        HISTOGRAM,
    log:
        "logs/histogram/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/histogram/{network}/{dataset}/{layer}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        bins=config["measures"]["histogram"]["bins"],
        code=code("histogram.py"),
    message:
        "Histogram of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/histogram.py"


rule figure_histogram:
    input:
        layers_of_run(HISTOGRAM),
    output:
        figure_files(
            HISTOGRAM_FIGURE,
            caption="../report/histogram.rst",
            category="S0 Sparse or distributed?",
            labels={
                "figure": "histogram {checkpoint}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_histogram/{network}/{dataset}/{checkpoint}.log",
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_histogram.py"),
    message:
        "Draw histograms of {wildcards.network} ({wildcards.checkpoint}) on {wildcards.dataset}"
    script:
        "../../scripts/figure_histogram.py"
