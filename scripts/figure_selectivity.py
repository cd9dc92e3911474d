"""Draw the selectivity of the units of a network: along depth, as detectors of classes, and over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.selectivity import draw_depth, draw_detection, draw_learning
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    units, layers = (
        pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("units", "layers")
    )
    views = {
        "depth": lambda: draw_depth(units, layers, f"Class selectivity of units: {where}"),
        "detection": lambda: draw_detection(units, layers, f"Units as detectors of a class: {where}"),
        "learning": lambda: draw_learning(layers, f"Selectivity over learning: {where}"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
