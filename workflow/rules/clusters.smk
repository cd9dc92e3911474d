# Clusters of units whose responses correlate.
CLUSTERS = "results/measures/clusters/{network}/{dataset}/{block}.zarr"
CLUSTERS_UNITS = "results/measures/clusters/{network}/{dataset}/{block}.units.parquet"
CLUSTERS_LAYER = "results/measures/clusters/{network}/{dataset}/{block}.layer.parquet"


rule clusters:
    input:
        plan.unit_stores_and_controls,
    output:
        store=directory(CLUSTERS),
        units=CLUSTERS_UNITS,
        layer=CLUSTERS_LAYER,
    log:
        "logs/clusters/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/clusters/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    # three times the means of the images sampled and all units
    resources:
        mem_mb=memory(3000),
        runtime=runtime_of_block(plan),
    params:
        **measures.clusters.model_dump(exclude={"dendrograms"}),
        seed=seed,
        code=code("clusters.py"),
    message:
        "Clusters of units of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/clusters.py"
