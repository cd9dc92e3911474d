# The papers' claims, each as a test with a verdict.
from census.planning.rules import stores_of_run, tables_of_run

CLAIMS_OF_RUN = "results/measures/claims/{network}/{dataset}.parquet"
SPECIFICATIONS_OF_RUN = "results/measures/claims/{network}/{dataset}.specifications.parquet"
CLAIMS = "results/census/claims.tsv"
SPECIFICATIONS = "results/census/specifications.parquet"


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
        first_seed=plan.of_run(lambda run: run.siblings[0]),
        resamples=measures.claims.resamples,
        seed=seed,
        normalizer=measures.concepts.normalizer,
        format=plan.config.figures.formats[0],
        code=code("claims_run.py"),
    message:
        "Test the claims on {wildcards.network} and {wildcards.dataset}"
    script:
        "../../scripts/claims_run.py"


rule specifications:
    input:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
        gram=stores_of_run(plan, "gram"),
        concepts=stores_of_run(plan, "concepts"),
        directions=tables_of_run(plan, "directions.directions"),
        directions_layers=tables_of_run(plan, "directions.layer"),
        alignment=tables_of_run(plan, "alignment.resamples"),
        alignment_layers=tables_of_run(plan, "alignment.layer"),
        similarity=tables_of_run(plan, "similarity.pairs"),
        families=tables_of_run(plan, "families.families"),
        effects=tables_of_run(plan, "dictionaries.effects"),
        ablation=tables_of_run(plan, "ablation.units"),
        images=plan.of_run(lambda run: [run.images]),
    output:
        SPECIFICATIONS_OF_RUN,
    log:
        "logs/specifications/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/specifications/{network}/{dataset}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 2 * len(run.layers)),
        runtime=60,
    params:
        run=plan.of_run(lambda run: run.key),
        resamples=0,
        seed=seed,
        normalizer=measures.concepts.normalizer,
        modes=measures.ablation.modes,
        code=code("specifications.py"),
    message:
        "Test the claims on {wildcards.network} and {wildcards.dataset} under other choices"
    script:
        "../../scripts/specifications.py"


rule verdicts:
    input:
        claims=plan.of_runs(CLAIMS_OF_RUN),
        specifications=plan.of_runs(SPECIFICATIONS_OF_RUN),
    output:
        claims=CLAIMS,
        specifications=SPECIFICATIONS,
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
