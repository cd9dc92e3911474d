"""Draw selectivity, substitution and importance of units against each other, and along depth."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.importance import draw_costs, draw_depth, draw_relations, draw_substitution
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    units, relations = (pd.read_parquet(snakemake.input[name]) for name in ("units", "relations"))
    views = {
        "substitution": lambda: draw_substitution(
            units, relations, f"Are selective units replaceable? {where}"
        ),
        "depth": lambda: draw_depth(units, relations, f"Substitution and selectivity: {where}"),
        "costs": lambda: draw_costs(units, relations, f"Which units are important? {where}"),
        "relations": lambda: draw_relations(relations, f"What goes with importance: {where}"),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
