# Histograms of the activations of a layer that are not 0.
HISTOGRAM = "results/measures/histogram/{network}/{dataset}/{layer}.parquet"


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
