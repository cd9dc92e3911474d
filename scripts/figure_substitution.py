"""Draw pictures made for units, beside the images that drive them most, or those of units that beat them."""

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.data.store import open_dataset
    from census.figures.style import in_style, save
    from census.figures.substitution import UnitPictures, draw_beaten, draw_pictures
    from census.stores import open_checkpoint

    SHOWN = 5  # units of each layer
    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    pixels = open_dataset(snakemake.input.images).pixels
    layers: dict[str, list[UnitPictures]] = {}
    tables = snakemake.input.selectivity, snakemake.input.substitution
    for path, *paths in zip(snakemake.input.stores, *tables, strict=True):
        ascent = open_checkpoint(path, "final")
        selectivity, substitution = (
            table[table["checkpoint"] == "final"].set_index("unit") for table in map(pd.read_parquet, paths)
        )
        units = ascent["unit"][:]
        rs, selective = substitution.loc[units, "rs_iam"].to_numpy(), selectivity.loc[units, "selectivity"]
        # of pictures made from the first seed
        pictures = {name.upper(): place for place, name in enumerate(ascent.attrs["objectives"])}
        responses = ascent["response"][pictures["IAM"], 0]
        shown = layers.setdefault(ascent.attrs["layer"], [])
        if view == "pictures":
            for place in range(min(SHOWN, len(units))):
                image = substitution.loc[units[place], "natural_image"]
                shown.append(
                    UnitPictures(
                        int(units[place]),
                        f"unit {units[place]}   RS {rs[place]:.2f}",
                        {
                            "top image": None if np.isnan(image) else pixels[int(image)],
                            **{name: ascent["picture"][index, 0, place] for name, index in pictures.items()},
                        },
                    )
                )
            continue
        # who of the chosen units, which have pictures of their own, answers more to each one's picture
        among = responses[:, units]
        beaten_by = (among > among.diagonal()[:, None]).sum(1) * (among.diagonal() > 0)
        candidates = np.flatnonzero((beaten_by >= 2) & selective.notna().to_numpy())
        if len(candidates) == 0:
            continue
        first = candidates[selective.to_numpy()[candidates].argmax()]
        beating = np.argsort(-among[first])[:2]
        headings = "its own picture (IAM)", "of a unit that beats it there", "of another one"
        for place, heading in zip([first, *beating], headings, strict=True):
            about = f"selectivity {selective.iloc[place]:.2f}, RS {rs[place]:.2f}"
            answer = (
                "" if place == first else f", {among[first, place] / among[first, first]:.3g} × its answer"
            )
            picture = ascent["picture"][pictures["IAM"], 0, place]
            words = f"unit {units[place]}{answer}\n{about}"
            shown.append(UnitPictures(int(units[place]), words, {heading: picture}))
    where = f"{network} on {dataset}"
    with in_style():
        if view == "pictures":
            figure = draw_pictures(
                layers, f"Pictures made for units, and the images that drive them: {where}"
            )
        else:
            figure = draw_beaten(
                layers, f"The most selective unit that others beat on its own picture: {where}"
            )
        save(figure, snakemake.output, snakemake.params.dpi)
