"""Draw the histograms of all layers of a network."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.histogram import draw_histograms
    from census.figures.style import in_style, save, state_of

    table = pd.concat(map(pd.read_parquet, snakemake.input), ignore_index=True)
    network, checkpoint, dataset = (
        snakemake.wildcards[name] for name in ("network", "checkpoint", "dataset")
    )
    table = table[table["checkpoint"] == checkpoint]
    with in_style():
        images = f"{table['n_map_images'].iloc[0]} images of {dataset}"
        title = f"Non-zero activations of {network}{state_of(checkpoint)} on {images}"
        save(draw_histograms(table, title), snakemake.output, snakemake.params.dpi)
