"""Draw selectivity, substitution and importance of units against each other, and along depth."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.importance import draw_costs, draw_depth, draw_relations, draw_substitution
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    units, relations = (pd.read_parquet(snakemake.input[name]) for name in ("units", "relations"))
    where = f"{network} on {dataset}"
    with in_style():
        if view == "substitution":
            figure = draw_substitution(units, relations, f"Are selective units replaceable? {where}")
        elif view == "depth":
            figure = draw_depth(units, relations, f"Substitution and selectivity: {where}")
        elif view == "costs":
            figure = draw_costs(units, relations, f"Which units are important? {where}")
        else:
            figure = draw_relations(relations, f"What goes with importance: {where}")
        save(figure, snakemake.output, snakemake.params.dpi)
