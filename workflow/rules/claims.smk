# The papers' claims, each as a test with a verdict.
from census.planning.rules import stores_of_run, tables_of_run

CLAIMS_OF_RUN = "results/measures/claims/{network}/{dataset}.parquet"
CLAIMS = "results/census/claims.tsv"


rule claims_run:
    input:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
        gram=stores_of_run(plan, "gram"),
        concepts=stores_of_run(plan, "concepts"),
        directions=tables_of_run(plan, "directions.directions"),
        alignment=tables_of_run(plan, "alignment.resamples"),
    output:
        CLAIMS_OF_RUN,
    log:
        "logs/claims_run/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/claims_run/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 2 * len(run.layers)),
        runtime=60,
    params:
        run=plan.of_run(lambda run: run.key),
        resamples=measures.claims.resamples,
        seed=seed,
        format=plan.config.figures.formats[0],
        code=code("claims_run.py"),
    message:
        "Test the claims on {wildcards.network} and {wildcards.dataset}"
    script:
        "../../scripts/claims_run.py"


rule verdicts:
    input:
        plan.of_runs(CLAIMS_OF_RUN),
    output:
        CLAIMS,
    log:
        "logs/verdicts.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        figure=f"figures/claims.{plan.config.figures.formats[0]}",
        failed=plan.failed,
        code=code("verdicts.py"),
    message:
        "Collect the verdicts on all claims"
    script:
        "../../scripts/verdicts.py"
