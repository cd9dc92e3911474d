"""Draw the similarity between layers: of all, by one of the measures, or of the branches of modules."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.similarity import draw_layers, draw_submodules
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    pairs, steps = (pd.read_parquet(snakemake.input[name]) for name in ("pairs", "steps"))
    column = {
        "pearson": "similarity",
        "spearman": "similarity_spearman",
        "deconfounded": "similarity_deconfounded",
        "cka": "cka",
    }
    with in_style():
        if view == "submodules":
            figure = draw_submodules(pairs, f"Branches inside of modules: {network} on {dataset}")
        else:
            figure = draw_layers(pairs, steps, column[view], f"Similarity of layers: {network} on {dataset}")
        save(figure, snakemake.output, snakemake.params.dpi)
