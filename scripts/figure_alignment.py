"""Draw whether patterns prefer the basis of units: along depth, and over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.alignment import draw_depth, draw_learning
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    layers = pd.concat(map(pd.read_parquet, snakemake.input.layers), ignore_index=True)
    # none where units are looked at in no layer
    bases = pd.concat(map(pd.read_parquet, snakemake.input.bases)) if snakemake.input.bases else None
    views = {
        "depth": lambda: draw_depth(layers, bases, f"The basis of units: {where}"),
        "learning": lambda: draw_learning(layers, f"The basis of units over learning: {where}"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
