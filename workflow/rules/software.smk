# The software versions of the study, for the report.
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
        # the content, because a checkout changes the file's time only
        requirements=(ROOT / "envs/study.txt").read_text(),
        code=code("software.py"),
    message:
        "Versions of software"
    script:
        "../../scripts/software.py"
