"""Draw pictures made for units, beside the images that drive them most, and those of units that beat them."""

from census.jobs import job

with job(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from census.data.store import open_dataset
    from census.figures.style import in_style, save_views, two_digits
    from census.figures.substitution import UnitPictures, draw_beaten, draw_pictures
    from census.stores import open_checkpoint

    SHOWN = 5  # units of each layer
    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    pixels = open_dataset(snakemake.input.images).pixels
    driven: dict[str, list[UnitPictures]] = {}
    beaten: dict[str, list[UnitPictures]] = {}
    tables = snakemake.input.selectivity, snakemake.input.substitution
    for path, *paths in zip(snakemake.input.stores, *tables, strict=True):
        ascent = open_checkpoint(path, "final")
        selectivity, substitution = (
            table[table["checkpoint"] == "final"].set_index("unit") for table in map(pd.read_parquet, paths)
        )
        units = ascent["unit"][:]
        rs, selective = substitution.loc[units, "rs_iam"].to_numpy(), selectivity.loc[units, "selectivity"]
        # made from the first seed
        pictures, responses = ascent["picture"][:, 0], ascent["response"][:, 0]
        of_objective = {name.upper(): place for place, name in enumerate(ascent.attrs["objectives"])}
        in_layer = driven.setdefault(ascent.attrs["layer"], [])
        for place in range(min(SHOWN, len(units))):
            image = substitution.loc[units[place], "natural_image"]
            in_layer.append(
                UnitPictures(
                    int(units[place]),
                    f"unit {units[place]}   RS {two_digits(rs[place])}",
                    {
                        "top image": None if np.isnan(image) else pixels[int(image)],
                        **{name: pictures[index, place] for name, index in of_objective.items()},
                    },
                )
            )

        in_layer = beaten.setdefault(ascent.attrs["layer"], [])
        # who of the chosen units, which have pictures of their own, answers more to each one's picture
        among = responses[of_objective["IAM"]][:, units]
        beaten_by = (among > among.diagonal()[:, None]).sum(1) * (among.diagonal() > 0)
        candidates = np.flatnonzero((beaten_by >= 2) & selective.notna().to_numpy())
        if len(candidates) == 0:
            continue
        first = candidates[selective.to_numpy()[candidates].argmax()]
        beating = np.argsort(-among[first])[:2]
        headings = "its own picture (IAM)", "of a unit that beats it there", "of another one"
        for place, heading in zip([first, *beating], headings, strict=True):
            about = f"selectivity {two_digits(selective.iloc[place])}, RS {two_digits(rs[place])}"
            answer = (
                "" if place == first else f", {among[first, place] / among[first, first]:.3g} × its answer"
            )
            words = f"unit {units[place]}{answer}\n{about}"
            picture = pictures[of_objective["IAM"], place]
            in_layer.append(UnitPictures(int(units[place]), words, {heading: picture}))
    views = {
        "pictures": lambda: draw_pictures(
            driven, f"Pictures made for units, and the images that drive them: {where}"
        ),
        "beaten": lambda: draw_beaten(
            beaten, f"The most selective unit that others beat on its own picture: {where}"
        ),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
