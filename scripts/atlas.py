"""Write the page of the atlas, and the data of all its views: runs, column dictionary, claims."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census import __version__
    from census.atlas.claims import by_claim
    from census.atlas.site import definitions, read_data, read_tsv, write_shell
    from census.atlas.tables import papers_of_columns

    runs = []
    for folder in map(Path, snakemake.input.runs):
        run = read_data(folder / "run.js")
        runs.append(
            {
                name: run[name]
                for name in ("network", "name", "seed", "title", "seeds", "dataset", "split", "n_images")
            }
            | {"n_layers": len(run["layers"]), "n_units": sum(layer["shape"][0] for layer in run["layers"])}
        )
    claims, dictionary = snakemake.input.get("claims"), read_tsv(snakemake.input.dictionary)
    data = {
        "runs": runs,
        "definitions": definitions(dictionary, "units"),
        "definitions_of_directions": definitions(dictionary, "directions"),
        "families": snakemake.params.families,
        "papers": snakemake.params.papers,
        "paper_of": papers_of_columns(snakemake.params.measures),
        "figures": snakemake.params.figures_of_runs,
        "specifications": snakemake.params.figures_of_specifications,
        "claims": by_claim(read_tsv(claims), snakemake.params.figures) if claims else None,
    }
    files = {name: Path(snakemake.output[name]) for name in ("page", "style", "script", "data")}
    write_shell(files, data, __version__)
    log.info("%d runs, %d units", len(runs), sum(run["n_units"] for run in runs))
