# How selective single units are for one class, and its figures.
SELECTIVITY_UNITS = "results/measures/selectivity/{network}/{dataset}/{layer}.units.parquet"
SELECTIVITY_LAYER = "results/measures/selectivity/{network}/{dataset}/{layer}.layer.parquet"
SELECTIVITY_FIGURE = "results/figures/selectivity/{network}/{dataset}/{view}"
SELECTIVITY_VIEWS = ("depth", "detection", "learning")
SELECTIVITY_FIGURES = [
    *figures(SELECTIVITY_FIGURE.replace("{view}", "depth"), RUNS),
    *figures(SELECTIVITY_FIGURE.replace("{view}", "detection"), RUNS),
    *figures(
        SELECTIVITY_FIGURE.replace("{view}", "learning"),
        [run for run in RUNS if len(checkpoints(run)) > 2],
    ),
]


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
    conda:
        CONDA
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **config["measures"]["selectivity"],
        seed=config["seed"],
        code=code("selectivity.py"),
    message:
        "Selectivity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/selectivity.py"


rule figure_selectivity:
    input:
        units=layers_of_run(SELECTIVITY_UNITS),
        layers=layers_of_run(SELECTIVITY_LAYER),
    output:
        figure_files(
            SELECTIVITY_FIGURE,
            caption="../report/selectivity.rst",
            category="S3 How important?",
            labels={
                "figure": "selectivity {view}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_selectivity/{network}/{dataset}/{view}.log",
    wildcard_constraints:
        view="|".join(SELECTIVITY_VIEWS),
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_selectivity.py"),
    message:
        "Draw selectivity ({wildcards.view}) of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_selectivity.py"
