# How sparse the codes of a layer are (active fraction, population and lifetime sparseness), and its figures.
SPARSITY_LAYER = "results/measures/sparsity/{network}/{dataset}/{layer}.layer.parquet"
SPARSITY_UNITS = "results/measures/sparsity/{network}/{dataset}/{layer}.units.parquet"
SPARSITY_FIGURE = "results/figures/sparsity/{network}/{dataset}/{view}"
SPARSITY_FIGURES = [
    *figures(SPARSITY_FIGURE.replace("{view}", "depth"), RUNS),
    *figures(SPARSITY_FIGURE.replace("{view}", "lifetime"), RUNS),
    *figures(
        SPARSITY_FIGURE.replace("{view}", "learning"),
        [run for run in RUNS if len(checkpoints(run)) > 2],
    ),
]


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
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        resamples=config["measures"]["sparsity"]["resamples"],
        seed=config["seed"],
        code=code("sparsity.py"),
    message:
        "Sparsity of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/sparsity.py"


rule figure_sparsity:
    input:
        layers=layers_of_run(SPARSITY_LAYER),
        units=layers_of_run(SPARSITY_UNITS),
    output:
        figure_files(
            SPARSITY_FIGURE,
            caption="../report/sparsity.rst",
            category="S0 Sparse or distributed?",
            labels={
                "figure": "sparsity {view}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_sparsity/{network}/{dataset}/{view}.log",
    wildcard_constraints:
        view="depth|lifetime|learning",
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_sparsity.py"),
    message:
        "Draw sparsity ({wildcards.view}) of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_sparsity.py"
