# The atlas: a static site with a page for every unit.
from census.atlas.papers import families, figures, figures_of_runs, figures_of_specifications
from census.atlas.papers import papers, papers_of_measures
from census.planning.rules import stores_of_run, tables_of_run

ATLAS_RUN = "results/atlas/data/{network}/{dataset}"
ATLAS_SHELL = {
    "page": "results/atlas/index.html",
    "style": "results/atlas/style.css",
    "script": "results/atlas/atlas.js",
    "data": "results/atlas/data.js",
}
# files by name, so that deleted ones are made again
ATLAS = [*ATLAS_SHELL.values(), *plan.of_runs(ATLAS_RUN)]


rule atlas_run:
    input:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
        directions=CENSUS_DIRECTIONS,
        stores=plan.of_run(lambda run: run.final_stores),
        concepts=stores_of_run(plan, "concepts"),
        facets=stores_of_run(plan, "facets"),
        tables=tables_of_run(plan, "facets"),
        families=stores_of_run(plan, "families"),
        families_directions=tables_of_run(plan, "families.directions"),
        maximization=stores_of_run(plan, "activation_maximization"),
        visualization=stores_of_run(plan, "feature_visualization"),
        images=plan.of_run(lambda run: run.images),
    output:
        directory(ATLAS_RUN),
    log:
        "logs/atlas_run/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/atlas_run/{network}/{dataset}.tsv"
    conda:
        CONDA
    # correlation matrices of a layer's units, and the data of all units
    resources:
        mem_mb=memory(2000),
        runtime=60,
    params:
        **plan.config.atlas.model_dump(),
        run=plan.of_run(lambda run: run.key),
        title=plan.of_run(lambda run: run.replica.title),
        seeds=plan.of_run(lambda run: run.seeds),
        size=plan.of_run(lambda run: run.entry.input.size),
        resize=plan.of_run(lambda run: run.input_resize),
        interpolation=plan.of_run(lambda run: run.entry.input.interpolation),
        seed=seed,
        code=code("atlas_run.py"),
    message:
        "Atlas of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/atlas_run.py"


rule atlas:
    input:
        runs=plan.of_runs(ATLAS_RUN),
        dictionary=CENSUS_DICTIONARY,
        claims=CLAIMS,
    output:
        **ATLAS_SHELL,
    log:
        "logs/atlas.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        papers=papers(),
        figures=figures(),
        families=families(),
        figures_of_runs=figures_of_runs(plan.runs, plan.config.figures.formats[0]),
        figures_of_specifications=figures_of_specifications(plan.runs, plan.config.figures.formats[0]),
        measures=papers_of_measures(),
        code=code("atlas.py", "census/atlas/static", "census/atlas/templates"),
    message:
        "Atlas"
    script:
        "../../scripts/atlas.py"
