"""Draw clusters of units: how many along depth, and the largest ones of some layers."""

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.data.store import open_dataset
    from census.figures.clusters import MOST_CLUSTERS, LayerClusters, draw_dendrograms, draw_depth
    from census.figures.style import in_style, save_views
    from census.stores import open_checkpoint

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    layers = pd.concat(map(pd.read_parquet, snakemake.input.layers), ignore_index=True)
    shown = []
    for path in snakemake.input.stores:
        group = open_checkpoint(path, "final")
        empty = {"cluster": (0,), "join": (0, 4), "top_image": (0, 0)}
        found = {
            name: group[name][:] if name in group else np.empty(shape, int) for name, shape in empty.items()
        }
        shown.append(
            LayerClusters(
                group.attrs["layer"],
                group.attrs["cluster_threshold"],
                found["cluster"],
                found["join"],
                found["top_image"],
            )
        )

    def dendrograms():
        """Return the figure of the largest clusters, with the images to which they answer most."""
        images = np.unique(np.concatenate([layer.top_images[:MOST_CLUSTERS].ravel() for layer in shown]))
        pixels = open_dataset(snakemake.input.images).pixels.oindex[images.astype(np.int64)]
        pictures = dict(zip(images.tolist(), pixels, strict=True))
        return draw_dendrograms(shown, pictures, f"The largest clusters of units: {where}")

    views = {
        "depth": lambda: draw_depth(layers, f"Clusters of units that answer alike: {where}"),
        "dendrograms": dendrograms,
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
