"""Draw the facets of one unit of each layer: the least multi-faceted one, and the most."""

from functools import partial

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.facet_store import read_facets
    from census.figures.facets import COLORS, COLORS_8BIT, GRAYS, UnitFacets, draw_facets
    from census.figures.style import in_style, save_views
    from census.measures.facets import CHANNELS, MULTI, SINGLE

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"

    def facets_at(end, words):
        """Return the figure of the outermost unit at one end of each layer."""
        units = []
        for path, table in zip(snakemake.input.stores, snakemake.input.tables, strict=True):
            store = read_facets(path)
            if end not in store.attrs["ends"]:
                units.append(UnitFacets(store.attrs["layer"], reason="too few units answer"))
                continue
            place = store.attrs["ends"].index(end)  # the first one is the outermost
            row = pd.read_parquet(table).iloc[place]
            converged = {channel: row[f"converged_{channel}"] for channel in CHANNELS}
            facets = {
                name: store[array][place]
                for name, array in ((GRAYS, "gray"), (COLORS, "color"), (COLORS_8BIT, "color_8bit"))
                if array in store and not np.isnan(store[array.removesuffix("_8bit")][place]).any()
            }
            units.append(
                UnitFacets(
                    row["layer"],
                    row["unit"],
                    row["mf_degree"],
                    row["mf_p_normal"],
                    facets,
                    store["patches"][place],
                    store["inside"][place],
                    row["reason"],
                    [name for name, settled in converged.items() if pd.notna(settled) and not settled],
                )
            )
        return draw_facets(units, f"Facets of each layer's {words} multi-faceted unit: {where}")

    views = {"single": partial(facets_at, SINGLE, "least"), "multi": partial(facets_at, MULTI, "most")}
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
