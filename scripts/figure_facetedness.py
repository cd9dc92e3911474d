"""Draw single- and multi-faceted units: densities, degrees, counts along depth, and similarity of units."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.facetedness import (
        about_top_images,
        draw_counts,
        draw_degree,
        draw_density,
        draw_heatmaps,
        draw_similarity,
    )
    from census.figures.style import in_style, save_views
    from census.stores import open_checkpoint

    units, layers = (pd.read_parquet(snakemake.input[name]) for name in ("units", "layers"))
    where = (
        f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}\n{about_top_images(layers)}"
    )
    of_units = f"Similarity of units by their classes: {where}"
    groups = [open_checkpoint(path, "final") for path in snakemake.input.stores]
    matrices = {group.attrs["layer"]: (group["similarity"][:], group["distance"][:]) for group in groups}
    views = {
        "density": lambda: draw_density(units, f"How many classes units answer to: {where}"),
        "degree": lambda: draw_degree(units, layers, f"MF degree of units: {where}"),
        "counts": lambda: draw_counts(layers, f"Single- and multi-faceted units: {where}"),
        "similarity": lambda: draw_similarity(layers, of_units),
        "heatmaps": lambda: draw_heatmaps(matrices, of_units),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
