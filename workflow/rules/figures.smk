# Figures: one job draws all families of a section of the report for a run. Families and their views are declared in
# scripts/census/figures/families.py; runs that lack some views have a rule of their own.
from census.figures.drawings import drawings
from census.planning.rules import results_of_run, tables_of_run

# files of the inputs that are no results of a measure; the others follow from the measures
INPUTS = {
    "images": plan.of_run(lambda run: run.images),
    "facets.table": tables_of_run(plan, "facets"),
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
            **{key: INPUTS[key] if key in INPUTS else results_of_run(plan, key) for key in drawing.reads},
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
