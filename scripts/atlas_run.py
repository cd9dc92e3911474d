"""Write what the atlas shows of one network on one data set: tables, images, and pictures of single units."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    import pandas as pd
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from census.activations.reading import images_and_labels, largest_blocks, open_store, statistic_blocks
    from census.atlas.ends import bottom_images
    from census.atlas.neighbours import neighbours
    from census.atlas.site import write_data
    from census.atlas.sprites import about_gray, grid_of, save, sheet, strip
    from census.atlas.tables import columns_of_layer, kinds_of_columns, rounded, sparse_rows, summaries
    from census.data.store import open_dataset
    from census.facet_store import read_facets
    from census.measures.patches import as_seen
    from census.stores import open_checkpoint

    params, wildcards = snakemake.params, snakemake.wildcards
    key = f"{wildcards.network}/{wildcards.dataset}"
    folder = Path(snakemake.output[0])
    data = folder.parents[1]  # keys tell network and data set
    table = pq.read_table(
        snakemake.input.units,
        filters=[
            ("network", "=", wildcards.network),
            ("dataset", "=", wildcards.dataset),
            ("checkpoint", "=", "final"),
        ],
    ).sort_by([("depth", "ascending"), ("unit", "ascending")])
    kinds = kinds_of_columns(table)
    ascents = {Path(path).stem: path for path in snakemake.input.ascents}

    def shown(found):
        """Return values of (unit, rank) as rows of few digits."""
        return [[rounded(float(value), 4) for value in row] for row in found]

    layers, details, used, n_pictures = [], {}, set(), 0
    inputs = snakemake.input.stores, snakemake.input.concepts, snakemake.input.facets, snakemake.input.tables
    for path, path_concepts, path_facets, path_table in zip(*inputs, strict=True):
        store, concepts = open_store(path), open_checkpoint(path_concepts, "final")
        attributes = dict(store.attrs)
        name, (n_units, height, width) = attributes["layer"], attributes["shape"]
        images, labels = images_and_labels(store)
        units = table.filter(pc.equal(table["layer"], name))
        write_data(data, f"{key}/layers/{name}", {"columns": columns_of_layer(units, kinds)})

        k = min(params.images, len(images))
        bottom = bottom_images(
            largest_blocks(store, images), n_units, k, int(images.max()) + 1, params.seed
        )
        top = {part: concepts[f"top_{part}"][:, :k] for part in ("image", "value", "position")}
        near = neighbours(lambda store=store: statistic_blocks(store, "mean"), params.neighbours)
        used.update(np.unique(top["image"]).tolist(), np.unique(bottom.images).tolist())

        facets, rows = read_facets(path_facets), pd.read_parquet(path_table)
        of_facets = {}
        for place, (_, row) in enumerate(rows.iterrows()):
            unit, kept = int(row["unit"]), facets["image"][place] >= 0
            made = {}
            if not row["reason"]:
                made["gray"] = about_gray(facets["gray"][place])
                if "color" in facets and not np.isnan(facets["color"][place]).any():
                    made["color"] = list(facets["color_8bit"][place])
            if kept.any():
                made["patches"] = list(facets["patches"][place][kept])
            for part, tiles in made.items():
                pixels = strip(tiles, params.picture)
                save(folder / "facets" / name / f"{unit}-{part}.webp", pixels, exact=True)
                n_pictures += 1
            of_facets[unit] = {
                "end": row["end"],
                "reason": row["reason"] or None,
                "made": {part: len(tiles) for part, tiles in made.items()},
            }

        of_ascents = {}
        if name in ascents:
            ascent = open_checkpoint(ascents[name], "final")
            pictures, responses = ascent["picture"][:], ascent["response"][:]
            for place, unit in enumerate(ascent["unit"][:].tolist()):
                of_ascents[unit] = {}
                for objective, objective_name in enumerate(ascent.attrs["objectives"]):
                    tiles = list(pictures[objective, :, place])
                    exact = max(tiles[0].shape[:2]) <= params.picture
                    path = folder / "ascent" / name / f"{unit}-{objective_name}.webp"
                    save(path, strip(tiles, params.picture), exact=exact)
                    n_pictures += 1
                    of_ascents[unit][objective_name] = [
                        rounded(float(value), 4) for value in responses[objective, :, place, unit]
                    ]

        details[name] = {
            "top": {"image": top["image"], "value": shown(top["value"]), "position": top["position"].tolist()},
            "bottom": {
                "image": bottom.images,
                "value": shown(bottom.values),
                "position": bottom.positions.tolist(),
                "tied": bottom.tied.tolist(),
            },
            "classes": sparse_rows(concepts["class_count"][:].tolist()),
            "near": near.units.tolist(),
            "near_r": [[rounded(float(r), 3) for r in row] for row in near.correlations],
            "facets": of_facets,
            "ascent": of_ascents,
        }
        layers.append(
            {
                "name": name,
                "depth": attributes["depth"],
                "kind": attributes["kind"],
                "branch_of": attributes["branch_of"],
                "shape": [n_units, height, width],
                "field": attributes["receptive_field"],
                "summary": summaries(units, kinds),
            }
        )
        log.info("%s: %d units, %d with facets, %d with ascents", name, n_units, len(of_facets), len(of_ascents))

    dataset = open_dataset(snakemake.input.images)
    used = np.array(sorted(used - {-1}))
    grid = grid_of(params.size, params.thumbnail)
    sheets = []
    for first in range(0, len(used), grid.per_sheet):
        some = used[first : first + grid.per_sheet]
        pixels = as_seen(dataset.pixels.oindex[some], params.size, params.resize)
        name = f"images/{len(sheets)}.webp"
        save(folder / name, sheet(pixels, grid), exact=grid.side == params.size)
        sheets.append([name, len(some)])

    place_of = np.full(int(used.max(initial=0)) + 2, -1)
    place_of[used] = np.arange(len(used))  # and -1, no image, stays so
    for name, found in details.items():
        for end in ("top", "bottom"):
            found[end]["image"] = place_of[found[end]["image"]].tolist()
        write_data(data, f"{key}/units/{name}", found)
    run = {
        "network": wildcards.network,
        "dataset": wildcards.dataset,
        "split": attributes["split"],
        "step": attributes["step"],
        "n_images": len(images),
        "classes": dataset.classes,
        "class_images": np.bincount(labels, minlength=len(dataset.classes)).tolist(),
        "size": params.size,
        "columns": kinds,
        "layers": layers,
        "images": {
            "index": used.tolist(),
            "label": dataset.labels[used].tolist(),
            "side": grid.side,
            "columns": grid.columns,
            "sheets": sheets,
        },
    }
    write_data(data, f"{key}/run", run)
    log.info("%d images in %d sheets, %d pictures of units", len(used), len(sheets), n_pictures)
