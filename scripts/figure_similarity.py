"""Draw the similarity between layers: of all, by each of the measures, and of the branches of modules."""

from functools import partial

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.similarity import draw_layers, draw_submodules
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    pairs, steps = (pd.read_parquet(snakemake.input[name]) for name in ("pairs", "steps"))
    columns = {
        "pearson": "similarity",
        "spearman": "similarity_spearman",
        "deconfounded": "similarity_deconfounded",
        "cka": "cka",
    }
    views = {
        view: partial(draw_layers, pairs, steps, column, f"Similarity of layers: {where}")
        for view, column in columns.items()
    }
    views["submodules"] = lambda: draw_submodules(pairs, f"Branches inside of modules: {where}")
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
