# How selective single units are for one class, and its figures.
SELECTIVITY_UNITS = "results/measures/selectivity/{network}/{dataset}/{layer}.units.parquet"
SELECTIVITY_LAYER = "results/measures/selectivity/{network}/{dataset}/{layer}.layer.parquet"
SELECTIVITY_FIGURE = "results/figures/selectivity/{network}/{dataset}/{view}"
SELECTIVITY_VIEWS = {
    "depth": RUNS,
    "detection": RUNS,
    "learning": list(filter(has_learning, RUNS)),
}
SELECTIVITY_FIGURES = figures_of_views(SELECTIVITY_FIGURE, SELECTIVITY_VIEWS)


rule selectivity:
    input:
        stores_of_layer,
    output:
        units=SELECTIVITY_UNITS,
        layer=SELECTIVITY_LAYER,
    log:
        "logs/selectivity/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/selectivity/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=120,
    params:
        **config["measures"]["selectivity"],
        seed=config["seed"],
        code=code("selectivity.py"),
    message:
        "Selectivity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/selectivity.py"


for drawing in drawings("figure_selectivity", SELECTIVITY_VIEWS):

    rule:
        name:
            drawing.name
        input:
            units=layers_of_run(SELECTIVITY_UNITS),
            layers=layers_of_run(SELECTIVITY_LAYER),
        output:
            **view_files(
                SELECTIVITY_FIGURE,
                drawing.views,
                figure="selectivity",
                caption="../report/selectivity.rst",
                category="S3 How important?",
            ),
        log:
            "logs/figure_selectivity/{network}/{dataset}.log",
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
            code=code("figure_selectivity.py"),
        message:
            "Draw selectivity of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_selectivity.py"
