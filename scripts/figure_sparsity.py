"""Draw the sparsity of all layers of a network: along depth, over units, or over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.sparsity import draw_depth, draw_learning, draw_lifetime
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    draw, tables, what = {
        "depth": (draw_depth, snakemake.input.layers, "Sparsity along depth"),
        "lifetime": (draw_lifetime, snakemake.input.units, "Lifetime sparseness"),
        "learning": (draw_learning, snakemake.input.layers, "Sparsity over learning"),
    }[view]
    table = pd.concat(map(pd.read_parquet, tables), ignore_index=True)
    with in_style():
        figure = draw(table, f"{what}: {network} on {dataset}")
        save(figure, snakemake.output, snakemake.params.dpi)
