"""Draw the sparsity of all layers of a network: along depth, over units, and over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.sparsity import draw_depth, draw_learning, draw_lifetime
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    layers, units = (
        pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("layers", "units")
    )
    views = {
        "depth": lambda: draw_depth(layers, f"Sparsity along depth: {where}"),
        "lifetime": lambda: draw_lifetime(units, f"Lifetime sparseness: {where}"),
        "learning": lambda: draw_learning(layers, f"Sparsity over learning: {where}"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
