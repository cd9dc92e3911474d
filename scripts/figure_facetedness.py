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
    from census.figures.style import in_style, save
    from census.stores import open_checkpoint

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    units, layers = (pd.read_parquet(snakemake.input[name]) for name in ("units", "layers"))
    where = f"{network} on {dataset}\n{about_top_images(layers)}"
    with in_style():
        if view == "density":
            figure = draw_density(units, f"How many classes units answer to: {where}")
        elif view == "degree":
            figure = draw_degree(units, layers, f"MF degree of units: {where}")
        elif view == "counts":
            figure = draw_counts(layers, f"Single- and multi-faceted units: {where}")
        elif view == "similarity":
            figure = draw_similarity(layers, f"Similarity of units by their classes: {where}")
        else:
            matrices = {}
            for path in snakemake.input.stores:
                group = open_checkpoint(path, "final")
                matrices[group.attrs["layer"]] = (group["similarity"][:], group["distance"][:])
            figure = draw_heatmaps(matrices, f"Similarity of units by their classes: {where}")
        save(figure, snakemake.output, snakemake.params.dpi)
