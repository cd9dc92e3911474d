# The versions of what the study runs with, for the report.
SOFTWARE = "results/census/software.html"


rule software:
    output:
        report(
            SOFTWARE,
            caption="../report/software.rst",
            category="Software",
            labels={"table": "versions"},
        ),
    log:
        "logs/software.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        # by content: a checkout only touches the file
        requirements=(ROOT / "envs/study.txt").read_text(),
        code=code("software.py"),
    message:
        "Versions of software"
    script:
        "../../scripts/software.py"
