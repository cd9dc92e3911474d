# Similarity between the layers of a network, at every checkpoint, and its figures.
SIMILARITY_PAIRS = "results/measures/similarity/{network}/{dataset}/pairs.parquet"
SIMILARITY_STEPS = "results/measures/similarity/{network}/{dataset}/steps.parquet"
SIMILARITY_FIGURE = "results/figures/similarity/{network}/{dataset}/{view}"
SIMILARITY_VIEWS = ("pearson", "spearman", "deconfounded", "cka")
SIMILARITY_FIGURES = [
    *figures(expand(SIMILARITY_FIGURE, view=SIMILARITY_VIEWS, allow_missing=True), RUNS),
    *figures(SIMILARITY_FIGURE.replace("{view}", "submodules"), [run for run in RUNS if has_branches(run)]),
]


rule similarity:
    input:
        layers_of_run(GRAM),
    output:
        pairs=SIMILARITY_PAIRS,
        steps=SIMILARITY_STEPS,
    log:
        "logs/similarity/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/similarity/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=lambda wildcards: memory_of_matrices(wildcards, 6 + 5 * len(run_of(wildcards)["layers"])),
        runtime=240,
    params:
        checkpoints=lambda wildcards: checkpoints(run_of(wildcards)),
        resamples=config["measures"]["similarity"]["resamples"],
        seed=config["seed"],
        code=code("similarity.py"),
    message:
        "Similarity between the layers of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/similarity.py"


rule figure_similarity:
    input:
        pairs=SIMILARITY_PAIRS,
        steps=SIMILARITY_STEPS,
    output:
        figure_files(
            SIMILARITY_FIGURE,
            caption="../report/similarity.rst",
            category="S1 From input to output",
            labels={
                "figure": "similarity {view}",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_similarity/{network}/{dataset}/{view}.log",
    wildcard_constraints:
        view="|".join([*SIMILARITY_VIEWS, "submodules"]),
    conda:
        CONDA
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_similarity.py"),
    message:
        "Draw similarity ({wildcards.view}) of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_similarity.py"
