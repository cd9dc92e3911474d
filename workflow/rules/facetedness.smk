# Single- and multi-faceted units, told apart by the degrees of a whole network, and their figures.
FACETEDNESS_UNITS = "results/measures/facetedness/{network}/{dataset}/units.parquet"
FACETEDNESS_LAYERS = "results/measures/facetedness/{network}/{dataset}/layers.parquet"
FACETEDNESS_FIGURE = "results/figures/facetedness/{network}/{dataset}/{view}"
FACETEDNESS_VIEWS = ("density", "degree", "counts", "similarity", "heatmaps")
FACETEDNESS_FIGURES = figures(expand(FACETEDNESS_FIGURE, view=FACETEDNESS_VIEWS, allow_missing=True), RUNS)


rule facetedness:
    input:
        units=layers_of_run(CONCEPTS_UNITS),
        layers=layers_of_run(CONCEPTS_LAYER),
    output:
        units=FACETEDNESS_UNITS,
        layers=FACETEDNESS_LAYERS,
    log:
        "logs/facetedness/{network}/{dataset}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("facetedness.py"),
    message:
        "Single- and multi-faceted units of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/facetedness.py"


rule figure_facetedness:
    input:
        units=FACETEDNESS_UNITS,
        layers=FACETEDNESS_LAYERS,
        stores=layers_of_run(CONCEPTS),
    output:
        **view_files(
            FACETEDNESS_FIGURE,
            FACETEDNESS_VIEWS,
            figure="facetedness",
            caption="../report/facetedness.rst",
            category="S2 Which concepts?",
        ),
    log:
        "logs/figure_facetedness/{network}/{dataset}.log",
    group:
        "figures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_facetedness.py"),
    message:
        "Draw facetedness of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_facetedness.py"
