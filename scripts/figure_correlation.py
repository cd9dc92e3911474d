"""Draw correlations between images: the matrices of all layers, or their mean along depth."""

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.figures.correlation import draw_decorrelation, draw_matrices
    from census.figures.style import in_style, save, state_of
    from census.stores import open_checkpoint

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    with in_style():
        if view == "decorrelation":
            layers = pd.read_parquet(snakemake.input.layers)
            sparsity = pd.concat(map(pd.read_parquet, snakemake.input.sparsity), ignore_index=True)
            figure = draw_decorrelation(
                layers, sparsity, f"Decorrelation and sparsening: {network} on {dataset}"
            )
        else:
            checkpoint = view.removeprefix("matrices-")
            groups = [open_checkpoint(path, checkpoint) for path in snakemake.input.grams]
            images = groups[0]["image"][:]
            orders = pd.read_parquet(snakemake.input.orders).query("checkpoint == @checkpoint")
            figure = draw_matrices(
                {group.attrs["layer"]: group["correlation"][:] for group in groups},
                {
                    layer: np.searchsorted(images, table.sort_values("place")["image"])
                    for layer, table in orders.groupby("layer", sort=False)
                },
                groups[0]["label"][:],
                groups[0].attrs["classes"],
                f"Similarity of {len(images)} images of {dataset} in {network}{state_of(checkpoint)}",
            )
        save(figure, snakemake.output, snakemake.params.dpi)
