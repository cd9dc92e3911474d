# Histograms of the nonzero activations of layers.
HISTOGRAM = "results/measures/histogram/{network}/{dataset}/{block}.parquet"


rule histogram:
    input:
        plan.stores_of_block,
    output:
        HISTOGRAM,
    log:
        "logs/histogram/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/histogram/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=runtime_of_block(plan),
    params:
        bins=measures.histogram.bins,
        code=code("histogram.py"),
    message:
        "Histograms of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/histogram.py"
