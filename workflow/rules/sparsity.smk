# How sparse the codes of a layer are (active fraction, population and lifetime sparseness), and its figures.
SPARSITY_LAYER = "results/measures/sparsity/{network}/{dataset}/{layer}.layer.parquet"
SPARSITY_UNITS = "results/measures/sparsity/{network}/{dataset}/{layer}.units.parquet"
SPARSITY_FIGURE = "results/figures/sparsity/{network}/{dataset}/{view}"
SPARSITY_VIEWS = {
    "depth": RUNS,
    "lifetime": RUNS,
    "learning": list(filter(has_learning, RUNS)),
}
SPARSITY_FIGURES = figures_of_views(SPARSITY_FIGURE, SPARSITY_VIEWS)


rule sparsity:
    input:
        stores_of_layer,
    output:
        layer=SPARSITY_LAYER,
        units=SPARSITY_UNITS,
    log:
        "logs/sparsity/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/sparsity/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        resamples=config["measures"]["sparsity"]["resamples"],
        seed=config["seed"],
        code=code("sparsity.py"),
    message:
        "Sparsity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/sparsity.py"


for drawing in drawings("figure_sparsity", SPARSITY_VIEWS):

    rule:
        name:
            drawing.name
        input:
            layers=layers_of_run(SPARSITY_LAYER),
            units=layers_of_run(SPARSITY_UNITS),
        output:
            **view_files(
                SPARSITY_FIGURE,
                drawing.views,
                figure="sparsity",
                caption="../report/sparsity.rst",
                category="S0 Sparse or distributed?",
            ),
        log:
            "logs/figure_sparsity/{network}/{dataset}.log",
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
            code=code("figure_sparsity.py"),
        message:
            "Draw sparsity of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_sparsity.py"
