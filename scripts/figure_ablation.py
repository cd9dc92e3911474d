"""Draw what a network's answers lose without units: one by one along depth, and more and more of them."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.ablation import draw_cumulative, draw_units
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    units, curves, layers = (
        pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("units", "curves", "layers")
    )
    views = {
        "units": lambda: draw_units(units, layers, f"Importance of single units: {where}"),
        "cumulative": lambda: draw_cumulative(curves, layers, f"Removing more and more units: {where}"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
