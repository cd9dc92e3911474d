"""Draw correlations between images: the matrices of all layers, and their mean along depth."""

from functools import partial

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.figures.correlation import draw_decorrelation, draw_matrices
    from census.figures.style import in_style, save_views, state_of
    from census.stores import open_checkpoint

    network, dataset = (snakemake.wildcards[name] for name in ("network", "dataset"))
    layers, all_orders = (pd.read_parquet(snakemake.input[name]) for name in ("layers", "orders"))
    sparsity = pd.concat(map(pd.read_parquet, snakemake.input.sparsity), ignore_index=True)

    def matrices(checkpoint):
        """Return the figure of all layers' matrices at a checkpoint."""
        groups = [open_checkpoint(path, checkpoint) for path in snakemake.input.grams]
        images = groups[0]["image"][:]
        orders = all_orders[all_orders["checkpoint"] == checkpoint]
        return draw_matrices(
            {group.attrs["layer"]: group["correlation"][:] for group in groups},
            {
                layer: np.searchsorted(images, table.sort_values("place")["image"])
                for layer, table in orders.groupby("layer", sort=False)
            },
            groups[0]["label"][:],
            groups[0].attrs["classes"],
            f"Similarity of {len(images)} images of {dataset} in {network}{state_of(checkpoint)}",
        )

    views = {
        "decorrelation": lambda: draw_decorrelation(
            layers, sparsity, f"Decorrelation and sparsening: {network} on {dataset}"
        ),
        "matrices-final": partial(matrices, "final"),
        "matrices-0": partial(matrices, "0"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
