# Figures: one job draws all families of a section of the report for a run. Families and their views are declared in
# scripts/census/figures/families.py; runs that lack some views have a rule of their own.
from census.figures.drawings import drawings
from census.figures.families import Run

# files of each input that the families declare
INPUTS = {
    "images": images_of_run,
    "sparsity.layer": layers_of_run(SPARSITY_LAYER),
    "sparsity.units": layers_of_run(SPARSITY_UNITS),
    "histogram": layers_of_run(HISTOGRAM),
    "alignment.layer": layers_of_run(ALIGNMENT),
    "bases": of_unit_layers(BASES),
    "gram": layers_of_run(GRAM),
    "correlation.layers": CORRELATION_LAYERS,
    "correlation.orders": CORRELATION_ORDERS,
    "similarity.pairs": SIMILARITY_PAIRS,
    "similarity.steps": SIMILARITY_STEPS,
    "learning": LEARNING,
    "performance": lambda wildcards: PERFORMANCE if has_performance(run_of(wildcards)) else [],
    "concepts": layers_of_run(CONCEPTS),
    "facetedness.units": FACETEDNESS_UNITS,
    "facetedness.layers": FACETEDNESS_LAYERS,
    "facets": layers_of_run(FACETS),
    "facets.table": layers_of_run(FACETS_TABLE),
    "selectivity.units": layers_of_run(SELECTIVITY_UNITS),
    "selectivity.layer": layers_of_run(SELECTIVITY_LAYER),
    "ascent": unit_layers_of_run(ASCENT),
    "substitution.units": unit_layers_of_run(SUBSTITUTION_UNITS),
    "ablation.units": unit_layers_of_run(ABLATION_UNITS),
    "ablation.curves": unit_layers_of_run(ABLATION_CURVES),
    "ablation.layer": unit_layers_of_run(ABLATION_LAYER),
    "importance.units": IMPORTANCE_UNITS,
    "importance.relations": IMPORTANCE_RELATIONS,
    "directions": layers_of_run(DIRECTIONS),
    "directions.layer": layers_of_run(DIRECTIONS_LAYER),
    "directions.spectrum": layers_of_run(DIRECTIONS_SPECTRUM),
    "directions.directions": layers_of_run(DIRECTIONS_TABLE),
    "clusters": some_unit_layers_of_run(CLUSTERS, config["measures"]["clusters"]["dendrograms"]),
    "clusters.layer": unit_layers_of_run(CLUSTERS_LAYER),
    "agreement": AGREEMENT,
    "claims": CLAIMS,
}
DRAWINGS = list(
    drawings(
        [
            Run(
                network=run["network"],
                dataset=run["dataset"],
                checkpoints=checkpoints(run),
                has_branches=has_branches(run),
                has_rectified=has_rectified(run),
                has_unit_layers=bool(run["unit_layers"]),
                measures=config["measures"],
            )
            for run in RUNS
        ]
    )
)
FIGURES = [
    f"{path}.{extension}"
    for drawing in DRAWINGS
    for path in drawing.paths()
    for extension in config["figures"]["formats"]
]


def figure_files(drawing, family, view):
    """Return the files of a figure, one per format that the config lists; the first goes into the report."""
    path = drawing.path(family, view)
    first, *others = [f"{path}.{extension}" for extension in config["figures"]["formats"]]
    in_report = report(
        first,
        caption=f"../report/{family.name}.rst",
        category=drawing.section.category,
        labels=drawing.labels(family, view),
    )
    return [in_report, *others]


for drawing in DRAWINGS:

    rule:
        name:
            drawing.name
        input:
            **{key: INPUTS[key] for key in drawing.reads},
        output:
            **{f"{family.name}.{view}": figure_files(drawing, family, view) for family, view in drawing.views},
        log:
            f"logs/figures_{drawing.section.name}{drawing.place}.log",
        wildcard_constraints:
            network=drawing.networks,
        group:
            # other runs precede what is drawn from the census
            None if drawing.section.from_census else "figures_{network}_{dataset}"
        conda:
            CONDA
        resources:
            mem_mb=memory(max(family.memory for family in drawing.families)),
            runtime=sum(family.minutes for family in drawing.families),
        params:
            settings={
                family.name: {key: config["measures"][family.name][key] for key in family.parameters}
                for family in drawing.families
            },
            dpi=config["figures"]["dpi"],
            code=[
                code("figures.py"),
                *(code(f"census/figures/{family.name}.py") for family in drawing.families),
            ],
        message:
            drawing.message
        script:
            "../../scripts/figures.py"
