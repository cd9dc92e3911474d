"""Write the atlas data of one network and data set: tables, sheets of images, and images of units."""

from functools import partial
from pathlib import Path
from typing import Any

from census.jobs import Script, job, one_by_one

snakemake: Script

IMAGES_PER_FILE = 200  # images in a file of the units that they drive
TILES = 4  # top images of a unit in the grid of its layer
EARLIER = 6  # top images of a unit at checkpoints before the final one, at most

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import zarr
    from numpy.typing import NDArray

    from census.atlas.correlated import most_correlated
    from census.atlas.directions import directions_of_layer
    from census.atlas.maps import PER_FILE, strongest_maps, write_maps
    from census.atlas.search import write_search
    from census.atlas.site import write_data
    from census.atlas.sprites import grid_of, save, sheet
    from census.atlas.standings import QUANTILES, standings
    from census.atlas.strips import write_facets, write_maximized, write_visualizations
    from census.atlas.tables import (
        COMPANIONS,
        REPEATED,
        columns_of_layer,
        kinds_of_columns,
        reliabilities,
        rounded,
        sparse_rows,
        summaries,
    )
    from census.data.store import open_dataset
    from census.measures.patches import as_seen
    from census.statistics.blocks import Blocks
    from census.statistics.groups import rows_with
    from census.statistics.top_images import NONE, BottomImages, TopImages, bottom_images
    from census.stores.matrices import layers_in
    from census.stores.paths import path_name
    from census.stores.reading import image_blocks, images_and_labels, open_store, statistic_blocks
    from census.tables.merging import read_tables

    params, wildcards = snakemake.params, snakemake.wildcards
    key = f"{wildcards.network}/{wildcards.dataset}"
    folder = Path(snakemake.output[0])
    data = folder.parents[1]  # keys include network and data set
    table = read_tables([snakemake.input.units], **params.run, checkpoint="final")
    table = table.sort_by([("depth", "ascending"), ("unit", "ascending")])
    kinds = kinds_of_columns(table)
    numbers = {
        name: kind for name, kind in kinds.items() if kind == "number" and not name.endswith(COMPANIONS)
    }
    # of all checkpoints but the final one, in the order of training
    earlier = read_tables([snakemake.input.units], **params.run)
    earlier = earlier.filter(pc.not_equal(earlier["checkpoint"], "final"))
    earlier = earlier.sort_by([("step", "ascending"), ("unit", "ascending")])
    table_of_layers = read_tables([snakemake.input.layers], **params.run, checkpoint="final")
    concepts_of, facets_of, maximization_of, visualization_of, families_of = (
        layers_in(snakemake.input[name])
        for name in ("concepts", "facets", "maximization", "visualization", "families")
    )
    directions = read_tables([snakemake.input.directions], **params.run, checkpoint="final")
    tables_of_families = [read_tables([path]) for path in snakemake.input.families_directions]
    order_of_directions = pa.concat_tables(
        [found.select(["layer", "family", "direction"]) for found in tables_of_families] or [directions]
    )
    table_of_facets = read_tables(snakemake.input.tables)

    def few_digits(values: NDArray[np.floating], digits: int = 4) -> list[list[float | int | str]]:
        """Return values of shape (unit, rank) as lists, rounded to some significant digits."""
        return [[rounded(float(value), digits) for value in row] for row in values]

    def details_of(found: TopImages | BottomImages) -> dict[str, Any]:
        """Return images of units, with the largest value on each and its position."""
        return {
            "image": found.images,
            "value": few_digits(found.values),
            "position": found.positions.tolist(),
        }

    def maps_of(store: zarr.Group, folder: Path) -> dict[str, Any] | None:
        """Write activation maps of a layer's units; return their images, None for maps of one position."""
        maps = strongest_maps(store, params.maps, params.map)
        if maps is None:
            return None
        write_maps(folder, maps.levels)
        return details_of(maps.images) | {"per_file": PER_FILE, "n_images": store["map_image"].shape[0]}

    def top_of(concepts: zarr.Group, k: int) -> dict[str, Any]:
        """Return the first top images of a layer's units, with the largest value on each and its position."""
        parts = (concepts[f"top_{part}"][:, :k] for part in ("image", "value", "position"))
        return details_of(TopImages(*parts))

    def directions_of(name: str) -> dict[str, Any] | None:
        """Return the directions of a layer; None without any."""
        if name not in families_of:
            return None
        here, order = (rows_with(found, layer=name) for found in (directions, order_of_directions))
        return directions_of_layer(here, order, families_of[name].at("final"), params.images)

    layers: list[dict[str, Any]] = []
    spaces: dict[str, dict[str, Any]] = {}  # directions of layers
    details: dict[str, dict[str, Any]] = {}
    in_order: list[pa.Table] = []  # units of layers
    # by checkpoint, columns and top images of layers
    checkpoints: dict[str, dict[str, dict[str, Any]]] = {
        name: {} for name in pc.unique(earlier["checkpoint"]).to_pylist()
    }
    shown = {NONE}
    for path in one_by_one(snakemake.input.stores):
        store = open_store(path)
        attributes = dict(store.attrs)
        name, n_units = attributes["layer"], attributes["shape"][0]
        concepts = concepts_of[name].at("final")
        in_paths = path_name(name)
        images, labels = images_and_labels(store)
        units = rows_with(table, layer=name)
        if not units.num_rows:  # a layer without a row in any table still has units
            units = pa.table({field.name: pa.nulls(n_units, field.type) for field in table.schema})
        in_order.append(units)
        columns = {"unit": list(range(n_units)), **columns_of_layer(units, kinds)}
        write_data(data, f"{key}/layers/{in_paths}", {"columns": columns})

        k = min(params.images, len(images))
        blocks = image_blocks(store, images, "max", "argmax")
        bottom = bottom_images(blocks, n_units, k, int(images.max()) + 1, params.seed)
        top, maps = top_of(concepts, k), maps_of(store, folder / "maps" / in_paths)
        near = most_correlated(Blocks(partial(statistic_blocks, store, "mean")), params.correlated_units)
        for end in (top["image"], bottom.images, *((maps["image"],) if maps else ())):
            shown.update(np.unique(end).tolist())
        of_layer = rows_with(earlier, layer=name)
        for checkpoint, layers_at in checkpoints.items():
            here = rows_with(of_layer, checkpoint=checkpoint)
            if here.num_rows:
                top_here = top_of(concepts_of[name].at(checkpoint), min(k, EARLIER))
                shown.update(np.unique(top_here["image"]).tolist())
                layers_at[in_paths] = {"columns": columns_of_layer(here, numbers), "top": top_here}
        if found := directions_of(name):
            spaces[in_paths] = found
            shown.update(np.unique(found["top"]["image"]).tolist())
        details[in_paths] = {
            "top": top,
            "bottom": details_of(bottom) | {"tied": bottom.tied.tolist()},
            "maps": maps,
            "classes": sparse_rows(concepts["class_count"][:].tolist()),
            "near": near.units.tolist(),
            "near_r": few_digits(near.correlations, 3),
            "facets": write_facets(
                folder / "facets" / in_paths,
                facets_of[name].at("final"),
                rows_with(table_of_facets, layer=name).to_pylist(),
                params.visualization,
            ),
            "activation_maximization": {},
            "feature_visualization": {},
        }
        if name in maximization_of:
            maximization = maximization_of[name].at("final")
            details[in_paths]["activation_maximization"] = write_maximized(
                folder / "activation_maximization" / in_paths, maximization, params.visualization
            )
        if name in visualization_of:
            details[in_paths]["feature_visualization"] = write_visualizations(
                folder / "feature_visualization" / in_paths,
                visualization_of[name].at("final"),
                2 * params.visualization,
            )
        layers.append(
            {
                "name": name,
                "path": in_paths,
                "depth": attributes["depth"],
                "kind": attributes["kind"],
                "branch_of": attributes["branch_of"],
                "shape": attributes["shape"],
                "field": attributes["receptive_field"],
                "n_directions": len(spaces[in_paths]["columns"]["family"]) if in_paths in spaces else 0,
                "summary": summaries(units, kinds),
                "reliability": reliabilities(rows_with(table_of_layers, layer=name)),
            }
        )
        n_facets, n_maximized = (
            len(details[in_paths][part]) for part in ("facets", "activation_maximization")
        )
        log.info(
            "%s: %d units, %d with facets, %d with activation-maximization images",
            name,
            n_units,
            n_facets,
            n_maximized,
        )

    dataset = open_dataset(snakemake.input.images)
    used = np.array(sorted(shown - {NONE}), np.int64)
    driven: dict[int, list[list[list[int]]]] = {}  # by number of the layer: units of each image
    for number, path in enumerate(one_by_one(snakemake.input.stores)):
        store = open_store(path)
        ranked = standings(store, used, params.image_units, params.seed)
        details[layers[number]["path"]] |= {
            "levels": {
                "share": QUANTILES,
                "image": ranked.images,
                "value": few_digits(ranked.values),
                "ends": few_digits(ranked.ends),
            },
            "histogram": ranked.histogram.tolist(),
        }
        if layers[number]["kind"] not in REPEATED:
            driven[number] = [image[image[:, 0] != NONE].ravel().tolist() for image in ranked.driven]
    by_image = list(zip(*driven.values(), strict=True)) or [()] * len(used)  # also without layers
    for number, first in enumerate(range(0, len(by_image), IMAGES_PER_FILE)):
        in_file = {"layers": list(driven), "units": by_image[first : first + IMAGES_PER_FILE]}
        write_data(data, f"{key}/images/{number}", in_file)
    grid = grid_of(params.size, params.thumbnail)
    sheets: list[tuple[str, int]] = []
    for first in range(0, len(used), grid.per_sheet):
        some = used[first : first + grid.per_sheet]
        pixels = as_seen(dataset.pixels.oindex[some], params.size, params.resize, params.interpolation)
        name = f"images/{len(sheets)}.webp"
        save(folder / name, sheet(pixels, grid), exact=grid.side == params.size)
        sheets.append((name, len(some)))

    # from image index to position in the sheets; the last entry keeps NONE for -1
    place_of = np.full(int(used.max(initial=0)) + 2, NONE)
    place_of[used] = np.arange(len(used))
    for name, found in details.items():
        for end in filter(None, (found["top"], found["bottom"], found["maps"], found["levels"])):
            end["image"] = place_of[end["image"]].tolist()
        write_data(data, f"{key}/units/{name}", found)
        tiles = {part: [row[:TILES] for row in found["top"][part]] for part in ("image", "position")}
        write_data(data, f"{key}/tiles/{name}", tiles)
    parts = {f"checkpoints/{name}": found for name, found in checkpoints.items()} | {"directions": spaces}
    for part, of_layers in parts.items():
        for name, found in of_layers.items():
            found["top"]["image"] = place_of[found["top"]["image"]].tolist()
            write_data(data, f"{key}/{part}/{name}", found)
    run = {
        "network": wildcards.network,
        "name": params.run["network"],
        "seed": params.run["seed"],
        "title": params.title,
        "seeds": params.seeds,
        "dataset": wildcards.dataset,
        "split": attributes["split"],
        "step": attributes["step"],
        "n_images": len(images),
        "classes": dataset.classes,
        "class_images": np.bincount(labels, minlength=len(dataset.classes)).tolist(),
        "size": params.size,
        "columns": kinds,
        "columns_of_directions": kinds_of_columns(directions),
        "searched": write_search(data, f"{key}/search", pa.concat_tables(in_order), kinds),
        "checkpoints": [{"name": name, "layers": list(found)} for name, found in checkpoints.items()],
        "layers": layers,
        "images": {
            "index": used.tolist(),
            "label": dataset.labels[used].tolist(),
            "side": grid.side,
            "columns": grid.columns,
            "per_file": IMAGES_PER_FILE,
            "sheets": sheets,
        },
    }
    write_data(data, f"{key}/run", run)
    log.info("%d images in %d sheets", len(used), len(sheets))
