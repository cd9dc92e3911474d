"""Draw directions of all layers: spectra, numbers along depth, variances, and images at their ends."""

from functools import partial

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.data.store import open_dataset
    from census.figures.directions import (
        draw_depth,
        draw_purity,
        draw_redundancy,
        draw_spectrum,
        draw_variance,
    )
    from census.figures.strips import Strip, draw_strips, rounded
    from census.figures.style import FINAL, UNTRAINED, in_style, save_views
    from census.stores import open_checkpoint

    params = snakemake.params
    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    layers, spectra, directions = (
        pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
        for name in ("layers", "spectra", "directions")
    )
    in_order = layers.drop_duplicates("layer").sort_values("depth")
    names = in_order["layer"].tolist()
    on_chain = in_order.loc[in_order["branch_of"] == "", "layer"].tolist()

    sides, shapes, variances = {}, {}, {name: {} for name in names}
    for name, path in zip(names, snakemake.input.stores, strict=True):
        for checkpoint in {FINAL, UNTRAINED} & set(layers["checkpoint"]):
            group = open_checkpoint(path, checkpoint)
            shapes[name] = group.attrs["shape"]
            if "variance" in group:  # not where all patterns are constant
                variances[name][checkpoint] = group["variance"][:].ravel()
                if checkpoint == FINAL:
                    sides[name] = (group["top_image"][:], group["bottom_image"][:])

    def strips(layer, family, n, label, chosen=None):
        """Return the first directions of a family, or of the chosen ones in it, with their images."""
        if layer not in sides:
            return []
        # rows of the table are in the order of the store's arrays
        table = directions.query("layer == @layer and checkpoint == @FINAL").reset_index(drop=True)
        rows = table[(table["family"] == family) & (table[chosen] if chosen else True)].head(n)
        ends = [side[rows.index, : params.images_shown].tolist() for side in sides[layer]]
        return [Strip(label(row), *both) for (_, row), *both in zip(rows.iterrows(), *ends, strict=True)]

    of_final = spectra[spectra["checkpoint"] == FINAL].set_index(["layer", "component"]).sort_index()
    of_final = of_final[["singular_value", "explained_variance"]]

    def of_component(row):
        """Return what is written above a component."""
        sigma, share = of_final.loc[(row["layer"], row["number"] + 1)]
        return f"{row['number'] + 1}: σ {rounded(sigma)} ({share:.1%})"

    def of_neuron(row):
        """Return what is written above a neuron."""
        units, _, width = shapes[row["layer"]]
        y, x = divmod(int(row["neuron"]) // units, width)
        place = f" at {y}, {x}" if width > 1 else ""
        return f"unit {row['unit']:.0f}{place}: {rounded(row['score_variance'])}"

    def of_projection(row):
        """Return what is written above a random direction."""
        return f"variance {rounded(row['score_variance'])}"

    n = params.neurons
    shown = {
        "components": {
            name: {
                "singular vectors, the largest first": strips(name, "svd", params.components, of_component)
            }
            for name in names
        },
        "neurons": {
            name: {
                "neurons of highest variance (and how high)": strips(name, "variance", n, of_neuron),
                "neurons chosen at random (with their variance)": strips(name, "neuron", n, of_neuron),
            }
            for name in on_chain
        },
        "projections": {
            name: {
                "random directions": strips(name, "projection", n, of_projection),
                "random directions of high variance": strips(
                    name, "projection", n, of_projection, "above_quantile"
                ),
            }
            for name in on_chain
        },
    }
    everything = [
        strip for rows in shown.values() for row in rows.values() for each in row.values() for strip in each
    ]
    indices = np.unique([index for strip in everything for index in (*strip.top, *strip.bottom)]).astype(int)
    pixels = open_dataset(snakemake.input.images).pixels
    images = dict(zip(indices.tolist(), pixels.oindex[indices], strict=True)) if len(indices) else {}

    def ends_of(family, words):
        """Return the figure of the images at the ends of a family of directions."""
        return draw_strips(shown[family], images, f"Images at the ends of {words}: {where}")

    views = {
        "spectrum": lambda: draw_spectrum(spectra, layers, f"Singular values: {where}"),
        "depth": lambda: draw_depth(layers, params.components, f"Dimension along depth: {where}"),
        "redundancy": lambda: draw_redundancy(layers, f"Redundancy of directions: {where}"),
        "purity": lambda: draw_purity(layers, directions, f"Purity of directions: {where}"),
        "variance": lambda: draw_variance(variances, directions, f"Variance of neurons: {where}"),
        "components": partial(ends_of, "components", "singular vectors"),
        "neurons": partial(ends_of, "neurons", "single neurons"),
        "projections": partial(ends_of, "projections", "random directions"),
    }
    with in_style():
        save_views(views, snakemake.output, params.dpi)
