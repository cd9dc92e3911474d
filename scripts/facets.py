"""Decompose the top patches of units into facets, at the final checkpoint."""

from contextlib import ExitStack
from typing import Any

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]) as log, ExitStack() as stack:
    import numpy as np
    import pyarrow.parquet as pq

    from census.data.store import open_dataset
    from census.measures.facets import CHANNELS, Units, choose_units, facets
    from census.measures.patches import Patches, as_seen, corners, cut, field_of, neutral_outside, shrink
    from census.statistics.defined import finite_mean
    from census.statistics.groups import rows_with
    from census.statistics.pixels import shrunk_size
    from census.statistics.significance import tail_p_values
    from census.stores.facets import FacetWriter
    from census.stores.matrices import layers_in, new_store
    from census.tables.arrow import arrow, merged
    from census.tables.merging import read_tables

    params = snakemake.params
    concepts_of = layers_in(snakemake.input.concepts)
    table = read_tables(snakemake.input.units, checkpoint="final")
    dataset = open_dataset(snakemake.input.images)
    store, tables = stack.enter_context(new_store(snakemake.output.store)), []
    for layer in one_by_one(params.layers):
        concepts = concepts_of[layer].at("final")
        attributes = dict(concepts.attrs)
        map_width = attributes["shape"][2]
        field = field_of(attributes["receptive_field"], params.size)
        shape = (*shrunk_size(field.size, params.patch_size), dataset.pixels.shape[3])
        degrees = rows_with(table, layer=layer).sort_by("unit")["mf_degree"].to_numpy()
        extremes = choose_units(degrees, params.units_per_extreme, params.units.get(layer, []), params.all)
        if not extremes:
            log.warning("layer %s has fewer than two units with an MF degree: no facets", layer)
        top_images, top_positions = concepts["top_image"][:], concepts["top_position"][:]
        # tail probability of the unit on the side of its extreme; otherwise on its side of the layer's mean
        tails = {
            "SF": tail_p_values(degrees, "lower"),
            "MF": tail_p_values(degrees, "upper"),
            "chosen": tail_p_values(degrees, degrees > finite_mean(degrees)),
        }
        writer = FacetWriter(store, attributes, extremes, params.components, params.patches_shown, shape)
        rows = []
        for unit in extremes:
            images, positions = (top[unit, top_images[unit] >= 0] for top in (top_images, top_positions))
            # read in the order in which they are stored
            read, places = np.unique(images, return_inverse=True)
            pixels = as_seen(dataset.pixels.oindex[read], params.size, params.resize, params.interpolation)[
                places
            ]
            patches = cut(pixels, corners(positions, map_width, field), field.size)
            n_clipped = int((patches.inside.any((1, 2)) & ~patches.inside.all((1, 2))).sum())
            # a receptive field may lie entirely outside the image if a layer pads more than its kernel needs
            seen = patches.inside.any((1, 2))
            if not seen.all():
                n_lost = int((~seen).sum())
                log.warning("layer %s, unit %d: %d patches show nothing of the image", layer, unit, n_lost)
            patches = shrink(Patches(patches.pixels[seen], patches.inside[seen]), params.patch_size)
            found = facets(neutral_outside(patches), params.components, params.seed)
            writer.write(unit, found, patches, images[seen])
            failed = [channel for channel, converged in found.converged.items() if not converged]
            if found.reason:
                log.warning("layer %s, unit %d: %s", layer, unit, found.reason)
            if failed:
                log.warning("layer %s, unit %d: no convergence in %s", layer, unit, ", ".join(failed))
            rows.append((found, len(patches.inside), n_clipped))

        by_channel: dict[str, Any] = {
            f"{name}_{channel}": [getattr(found, name).get(channel) for found, _, _ in rows]
            for channel in CHANNELS
            for name in ("converged", "iterations")
        }
        tables.append(
            arrow(
                Units(
                    of=attributes,
                    unit=np.array(list(extremes), np.int64),
                    extreme=list(extremes.values()),
                    mf_degree=degrees[list(extremes)],
                    mf_tail_normal=np.array([tails[extreme][0][unit] for unit, extreme in extremes.items()]),
                    mf_tail_rank=np.array([tails[extreme][1][unit] for unit, extreme in extremes.items()]),
                    n_patches=np.array([n_patches for _, n_patches, _ in rows], np.int64),
                    n_clipped=np.array([n_clipped for _, _, n_clipped in rows], np.int64),
                    patch_height=shape[0],
                    patch_width=shape[1],
                    reason=[found.reason for found, _, _ in rows],
                    **by_channel,
                )
            )
        )
    pq.write_table(merged(Units, tables, params), snakemake.output.table)
