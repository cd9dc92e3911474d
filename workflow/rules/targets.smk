# Further targets, in addition to `all`, `tables` and `atlas`: the figures of a paper, by author and year or by its code; all
# figures; the verdicts on all claims.
from collections import defaultdict

from census.figures.sections import SECTIONS

# by section of the report
FIGURES_OF = defaultdict(list)
for drawing in DRAWINGS:
    FIGURES_OF[drawing.section.name] += drawing.paths(FORMATS)

for section in SECTIONS:
    for target in (section.paper.target, section.paper.code) if section.paper else ():

        rule:
            name:
                target
            input:
                FIGURES_OF[section.name],
            message:
                f"Figures of {section.paper.short}, {section.paper.title}"


rule figures:
    input:
        FIGURES,
    message:
        "All figures"


rule claims:
    input:
        CLAIMS,
        FIGURES_OF["claims"],
    message:
        "The verdicts on all claims, and their figure"
