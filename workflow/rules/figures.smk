# Figures: one job draws all families of a section of the report for a run. Families and their views are declared in
# scripts/census/figures/. Runs that lack some figures have their own rule.
from census.drawing.rules import caption_file, drawings

DRAWINGS = list(drawings(plan.runs))
FORMATS = plan.config.figures.formats
FIGURES = [path for drawing in DRAWINGS for path in drawing.paths(FORMATS)]
CAPTIONS = Path.cwd() / ".snakemake" / "captions"

# the report reads captions from files; jobs need none
if workflow.is_main_process:
    for drawing in DRAWINGS:
        drawing.write_captions(CAPTIONS)


def figure_files(drawing, family, figure):
    """Return the files of a figure, of which the first goes into the report."""
    first, *others = drawing.files(family, figure, FORMATS)
    in_report = report(
        first,
        caption=CAPTIONS / caption_file(family, figure),
        category=drawing.section.heading,
        labels=drawing.labels(family, figure),
    )
    return [in_report, *others]


for drawing in DRAWINGS:

    rule:
        name:
            drawing.name
        input:
            **drawing.inputs(plan, CLAIMS, SPECIFICATIONS_OF_RUN),
        output:
            **{
                f"{family.name}.{figure}": figure_files(drawing, family, figure)
                for family, figure in drawing.figures
            },
        log:
            f"logs/figures_{drawing.section.name}{drawing.place}.log",
        wildcard_constraints:
            network=drawing.networks,
        conda:
            CONDA
        resources:
            mem_mb=memory(drawing.memory),
            runtime=drawing.minutes,
        params:
            **drawing.params(plan),
        message:
            drawing.message
        script:
            "../../scripts/figures.py"
