# Clusters of units whose responses correlate, and their figures.
CLUSTERS = "results/measures/clusters/{network}/{dataset}/{layer}.zarr"
CLUSTERS_UNITS = "results/measures/clusters/{network}/{dataset}/{layer}.units.parquet"
CLUSTERS_LAYER = "results/measures/clusters/{network}/{dataset}/{layer}.layer.parquet"
CLUSTERS_FIGURE = "results/figures/clusters/{network}/{dataset}/{view}"
CLUSTERS_VIEWS = ["depth", "dendrograms"] if config["measures"]["clusters"]["dendrograms"] else ["depth"]
CLUSTERS_FIGURES = figures(expand(CLUSTERS_FIGURE, view=CLUSTERS_VIEWS, allow_missing=True), UNIT_RUNS)


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


rule figure_clusters:
    input:
        layers=unit_layers_of_run(CLUSTERS_LAYER),
        stores=some_unit_layers_of_run(CLUSTERS, config["measures"]["clusters"]["dendrograms"]),
        images=images_of_run,
    output:
        **view_files(
            CLUSTERS_FIGURE,
            CLUSTERS_VIEWS,
            figure="clusters",
            caption="../report/clusters.rst",
            category="S4 Neurons or directions?",
        ),
    log:
        "logs/figure_clusters/{network}/{dataset}.log",
    group:
        "figures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_clusters.py"),
    message:
        "Draw clusters of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_clusters.py"
