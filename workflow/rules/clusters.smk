# Clusters of units whose responses correlate.
CLUSTERS = "results/measures/clusters/{network}/{dataset}/{layer}.zarr"
CLUSTERS_UNITS = "results/measures/clusters/{network}/{dataset}/{layer}.units.parquet"
CLUSTERS_LAYER = "results/measures/clusters/{network}/{dataset}/{layer}.layer.parquet"


rule clusters:
    input:
        stores_of_units_and_control,
    output:
        store=directory(CLUSTERS),
        units=CLUSTERS_UNITS,
        layer=CLUSTERS_LAYER,
    log:
        "logs/clusters/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/clusters/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    # three times the means of the images sampled and all units
    resources:
        mem_mb=memory(3000),
        runtime=60,
    params:
        threshold=config["measures"]["clusters"]["threshold"],
        permutations=config["measures"]["clusters"]["permutations"],
        images=config["measures"]["clusters"]["images"],
        sample=config["measures"]["clusters"]["sample"],
        seed=config["seed"],
        code=code("clusters.py"),
    message:
        "Clusters of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/clusters.py"
