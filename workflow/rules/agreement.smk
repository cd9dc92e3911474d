# Agreement of measures of units: rank correlations between those of the same units.
AGREEMENT = "results/census/agreement.parquet"


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
        resamples=measures.agreement.resamples,
        seed=seed,
        code=code("agreement.py"),
    message:
        "Agreement of measures of units"
    script:
        "../../scripts/agreement.py"
