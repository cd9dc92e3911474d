"""Write a table of the software versions of the study."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]):
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import pandas as pd

    rows = [("Python", platform.python_version()), ("system", platform.platform())]
    for line in snakemake.params.requirements.splitlines():
        name, pinned, _ = line.partition("#")[0].partition("==")
        # extras are in brackets
        name = name.partition("[")[0].strip()
        if pinned:
            try:
                rows.append((name, version(name)))
            except PackageNotFoundError:
                rows.append((name, "not installed"))
    table = pd.DataFrame(rows, columns=["name", "version"])
    table.to_html(snakemake.output[0], index=False, border=0)
