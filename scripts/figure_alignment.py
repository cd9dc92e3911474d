"""Draw whether patterns prefer the basis of units: along depth, or over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.alignment import draw_depth, draw_learning
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    layers = pd.concat(map(pd.read_parquet, snakemake.input.layers), ignore_index=True)
    with in_style():
        if view == "depth":
            # none where units are looked at in no layer
            bases = pd.concat(map(pd.read_parquet, snakemake.input.bases)) if snakemake.input.bases else None
            figure = draw_depth(layers, bases, f"The basis of units: {network} on {dataset}")
        else:
            figure = draw_learning(layers, f"The basis of units over learning: {network} on {dataset}")
        save(figure, snakemake.output, snakemake.params.dpi)
