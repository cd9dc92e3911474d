# What a network's answers lose without single units of a layer, and without more and more of them; and its figures.
ABLATION_UNITS = "results/measures/ablation/{network}/{dataset}/{layer}.units.parquet"
ABLATION_CURVES = "results/measures/ablation/{network}/{dataset}/{layer}.curves.parquet"
ABLATION_LAYER = "results/measures/ablation/{network}/{dataset}/{layer}.layer.parquet"
ABLATION_FIGURE = "results/figures/ablation/{network}/{dataset}/{view}"
ABLATION_VIEWS = ("units", "cumulative")
ABLATION_FIGURES = figures(expand(ABLATION_FIGURE, view=ABLATION_VIEWS, allow_missing=True), UNIT_RUNS)


rule ablation:
    input:
        weights=weights_of_units,
        stores=stores_of_units,
        images=images_of_run,
        train=training_images_of_ablation,
        # by what of these units are removed first
        selectivity=SELECTIVITY_UNITS,
        substitution=SUBSTITUTION_UNITS,
    output:
        units=ABLATION_UNITS,
        curves=ABLATION_CURVES,
        layer=ABLATION_LAYER,
    log:
        "logs/ablation/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/ablation/{network}/{dataset}/{layer}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=GPUS,
        runtime=240,
    params:
        **config["measures"]["ablation"],
        network=network_of,
        images=lambda wildcards: run_of(wildcards)["images"],
        maps=images_of_ablation,
        units=lambda wildcards: run_of(wildcards)["units"],
        labelled=lambda wildcards: names_labels(run_of(wildcards)),
        seed=config["seed"],
        code=code("ablation.py"),
    message:
        "Take units out of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/ablation.py"


rule figure_ablation:
    input:
        units=unit_layers_of_run(ABLATION_UNITS),
        curves=unit_layers_of_run(ABLATION_CURVES),
        layers=unit_layers_of_run(ABLATION_LAYER),
    output:
        **view_files(
            ABLATION_FIGURE,
            ABLATION_VIEWS,
            figure="ablation",
            caption="../report/ablation.rst",
            category="S3 How important?",
        ),
    log:
        "logs/figure_ablation/{network}/{dataset}.log",
    group:
        "figures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_ablation.py"),
    message:
        "Draw ablation of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_ablation.py"
