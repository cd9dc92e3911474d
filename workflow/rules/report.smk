# The start page of the report: verdicts on all claims, and all figures as thumbnails.
from census.drawing.rules import shown_in

OVERVIEW = "results/census/overview.html"
SHOWN = [each for drawing in DRAWINGS for each in shown_in(drawing, FORMATS[0])]


rule overview:
    input:
        claims=CLAIMS,
        figures=[each[-1] for each in SHOWN],
    output:
        OVERVIEW,
    log:
        "logs/overview.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        figures=SHOWN,
        code=code("overview.py"),
    message:
        "Start page of the report"
    script:
        "../../scripts/overview.py"
