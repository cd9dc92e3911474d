"""Draw what a network's answers lose without units: one by one along depth, or more and more of them."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.ablation import draw_cumulative, draw_units
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    tables = {
        name: pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("units", "curves", "layers")
    }
    where = f"{network} on {dataset}"
    with in_style():
        if view == "units":
            figure = draw_units(tables["units"], tables["layers"], f"Importance of single units: {where}")
        else:
            figure = draw_cumulative(
                tables["curves"], tables["layers"], f"Removing more and more units: {where}"
            )
        save(figure, snakemake.output, snakemake.params.dpi)
