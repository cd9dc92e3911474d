"""Draw the selectivity of the units of a network: along depth, as detectors of classes, or over learning."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.selectivity import draw_depth, draw_detection, draw_learning
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    units, layers = (
        pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("units", "layers")
    )
    where = f"{network} on {dataset}"
    with in_style():
        if view == "depth":
            figure = draw_depth(units, layers, f"Class selectivity of units: {where}")
        elif view == "detection":
            figure = draw_detection(units, layers, f"Units as detectors of a class: {where}")
        else:
            figure = draw_learning(layers, f"Selectivity over learning: {where}")
        save(figure, snakemake.output, snakemake.params.dpi)
