# Figures: one job draws all families of a section of the report for a run. Families and their views are declared in
# scripts/census/figures/families.py; runs that lack some views have a rule of their own.
from census.figures.drawings import drawings
from census.planning.rules import stores_of_run, tables_of_run

# files of each input that the families declare
INPUTS = {
    "images": plan.of_run(lambda run: run.images),
    "sparsity.layer": tables_of_run(plan, "sparsity.layer"),
    "sparsity.units": tables_of_run(plan, "sparsity.units"),
    "histogram": tables_of_run(plan, "histogram"),
    "alignment.layer": tables_of_run(plan, "alignment.layer"),
    "bases": tables_of_run(plan, "bases"),
    "gram": plan.blocks_of_run(GRAM),
    "correlation.layers": tables_of_run(plan, "correlation.layers"),
    "correlation.orders": tables_of_run(plan, "correlation.orders"),
    "similarity.pairs": tables_of_run(plan, "similarity.pairs"),
    "similarity.steps": tables_of_run(plan, "similarity.steps"),
    "learning": tables_of_run(plan, "learning"),
    "performance": tables_of_run(plan, "performance"),
    "concepts": stores_of_run(plan, "concepts"),
    "facetedness.units": tables_of_run(plan, "facetedness.units"),
    "facetedness.layers": tables_of_run(plan, "facetedness.layers"),
    "facets": plan.blocks_of_run(FACETS, "facets"),
    "facets.table": plan.blocks_of_run(FACETS_TABLE, "facets"),
    "selectivity.units": tables_of_run(plan, "selectivity.units"),
    "selectivity.layer": tables_of_run(plan, "selectivity.layer"),
    "ascent": plan.blocks_of_run(ASCENT, "units"),
    "substitution.units": tables_of_run(plan, "substitution.units"),
    "ablation.units": plan.blocks_of_run(ABLATION_UNITS, "units"),
    "ablation.curves": plan.blocks_of_run(ABLATION_CURVES, "units"),
    "ablation.layer": plan.blocks_of_run(ABLATION_LAYER, "units"),
    "importance.units": tables_of_run(plan, "importance.units"),
    "importance.relations": tables_of_run(plan, "importance.relations"),
    "directions": stores_of_run(plan, "directions"),
    "directions.layer": tables_of_run(plan, "directions.layer"),
    "directions.spectrum": tables_of_run(plan, "directions.spectrum"),
    "directions.directions": tables_of_run(plan, "directions.directions"),
    "clusters": stores_of_run(plan, "clusters"),
    "clusters.layer": tables_of_run(plan, "clusters.layer"),
    "agreement": tables_of_run(plan, "agreement.agreement"),
    "claims": CLAIMS,
}
DRAWINGS = list(drawings(plan.runs))
FORMATS = plan.config.figures.formats
FIGURES = [f"{path}.{extension}" for drawing in DRAWINGS for path in drawing.paths() for extension in FORMATS]


def figure_files(drawing, family, view):
    """Return the files of a figure, one per format that the config lists; the first goes into the report."""
    path = drawing.path(family, view)
    first, *others = [f"{path}.{extension}" for extension in FORMATS]
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
            dpi=plan.config.figures.dpi,
            code=[
                code("figures.py"),
                *(code(f"census/figures/{family.name}.py") for family in drawing.families),
            ],
        message:
            drawing.message
        script:
            "../../scripts/figures.py"
