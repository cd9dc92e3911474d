"""Draw the histograms of all layers of a network, at every checkpoint."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.histogram import draw_histograms
    from census.figures.style import in_style, save, state_of

    network, dataset = (snakemake.wildcards[name] for name in ("network", "dataset"))
    layers = pd.concat(map(pd.read_parquet, snakemake.input), ignore_index=True)
    with in_style():
        for checkpoint, table in layers.groupby("checkpoint"):
            images = f"{table['n_map_images'].iloc[0]} images of {dataset}"
            title = f"Non-zero activations of {network}{state_of(checkpoint)} on {images}"
            save(draw_histograms(table, title), snakemake.output[checkpoint], snakemake.params.dpi)
