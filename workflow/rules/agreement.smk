# Whether the studies' notions of a unit agree: rank correlations between measures of the same units, and their figure.
AGREEMENT = "results/census/agreement.parquet"
AGREEMENT_FIGURE = "results/figures/agreement/{network}/{dataset}/notions"
AGREEMENT_FIGURES = figures(AGREEMENT_FIGURE, [run for run in RUNS if has_rectified(run)])


rule agreement:
    input:
        CENSUS_UNITS,
    output:
        AGREEMENT,
    log:
        "logs/agreement.log",
    benchmark:
        "results/benchmarks/agreement.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=30,
    params:
        resamples=config["measures"]["agreement"]["resamples"],
        seed=config["seed"],
        code=code("agreement.py"),
    message:
        "Agreement of measures of units"
    script:
        "../../scripts/agreement.py"


rule figure_agreement:
    input:
        AGREEMENT,
    output:
        figure_files(
            AGREEMENT_FIGURE,
            caption="../report/agreement.rst",
            category="X Do the notions agree?",
            labels={
                "figure": "agreement",
                "network": "{network}",
                "dataset": "{dataset}",
            },
        ),
    log:
        "logs/figure_agreement/{network}/{dataset}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_agreement.py"),
    message:
        "Draw agreement of measures of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_agreement.py"
