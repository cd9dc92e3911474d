# How replaceable units are: which others answer more to what drives them; and figures of what does.
SUBSTITUTION_UNITS = "results/measures/substitution/{network}/{dataset}/{layer}.units.parquet"
SUBSTITUTION_LAYER = "results/measures/substitution/{network}/{dataset}/{layer}.layer.parquet"
SUBSTITUTION_FIGURE = "results/figures/substitution/{network}/{dataset}/{view}"
SUBSTITUTION_VIEWS = ("pictures", "beaten")
SUBSTITUTION_FIGURES = figures(
    expand(SUBSTITUTION_FIGURE, view=SUBSTITUTION_VIEWS, allow_missing=True), UNIT_RUNS
)


rule substitution:
    input:
        stores=stores_of_units,
        ascent=ASCENT,
    output:
        units=SUBSTITUTION_UNITS,
        layer=SUBSTITUTION_LAYER,
    log:
        "logs/substitution/{network}/{dataset}/{layer}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("substitution.py"),
    message:
        "Substitution of units of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/substitution.py"


rule figure_substitution:
    input:
        stores=unit_layers_of_run(ASCENT),
        selectivity=unit_layers_of_run(SELECTIVITY_UNITS),
        substitution=unit_layers_of_run(SUBSTITUTION_UNITS),
        images=images_of_run,
    output:
        **view_files(
            SUBSTITUTION_FIGURE,
            SUBSTITUTION_VIEWS,
            figure="substitution",
            caption="../report/substitution.rst",
            category="S3 How important?",
        ),
    log:
        "logs/figure_substitution/{network}/{dataset}.log",
    group:
        "figures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_substitution.py"),
    message:
        "Draw substitution of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_substitution.py"
