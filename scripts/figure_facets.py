"""Draw the facets of one unit of each layer: the least multi-faceted one, or the most."""

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.facet_store import read_facets
    from census.figures.facets import COLORS, COLORS_8BIT, GRAYS, UnitFacets, draw_facets
    from census.figures.style import in_style, save
    from census.measures.facets import CHANNELS, MULTI, SINGLE

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    end, words = {"single": (SINGLE, "least"), "multi": (MULTI, "most")}[view]
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
    with in_style():
        figure = draw_facets(
            units, f"Facets of each layer's {words} multi-faceted unit: {network} on {dataset}"
        )
        save(figure, snakemake.output, snakemake.params.dpi)
