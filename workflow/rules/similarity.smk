# Similarity between the layers of a network, at every checkpoint, and its figures.
SIMILARITY_PAIRS = "results/measures/similarity/{network}/{dataset}/pairs.parquet"
SIMILARITY_STEPS = "results/measures/similarity/{network}/{dataset}/steps.parquet"
SIMILARITY_FIGURE = "results/figures/similarity/{network}/{dataset}/{view}"
SIMILARITY_VIEWS = {
    **dict.fromkeys(("pearson", "spearman", "deconfounded", "cka"), RUNS),
    "submodules": list(filter(has_branches, RUNS)),
}
SIMILARITY_FIGURES = figures_of_views(SIMILARITY_FIGURE, SIMILARITY_VIEWS)


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
        mem_mb=memory_of_matrices(lambda run: 6 + 5 * len(run["layers"])),
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


for drawing in drawings("figure_similarity", SIMILARITY_VIEWS):

    rule:
        name:
            drawing.name
        input:
            pairs=SIMILARITY_PAIRS,
            steps=SIMILARITY_STEPS,
        output:
            **view_files(
                SIMILARITY_FIGURE,
                drawing.views,
                figure="similarity",
                caption="../report/similarity.rst",
                category="S1 From input to output",
            ),
        log:
            "logs/figure_similarity/{network}/{dataset}.log",
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
            code=code("figure_similarity.py"),
        message:
            "Draw similarity of {wildcards.network} on {wildcards.dataset}"
        script:
            "../../scripts/figure_similarity.py"
