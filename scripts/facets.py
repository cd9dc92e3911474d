"""Decompose the top patches of units into facets, at the final checkpoint."""

from pathlib import Path

from census.jobs import job, one_by_one

with job(snakemake.log[0]) as log:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from census.data.store import open_dataset
    from census.measures.concepts import finite_mean, tail_p_values
    from census.measures.facets import CHANNELS, choose_units, facets
    from census.measures.patches import (
        Patches,
        as_seen,
        corners,
        cut,
        field_of,
        neutral_outside,
        shrink,
        shrunk_size,
    )
    from census.stores.facets import FacetWriter
    from census.stores.groups import layers_in, new_layer, open_checkpoint
    from census.tables.keys import key_columns

    params = snakemake.params
    groups = layers_in(snakemake.input.concepts)
    final = [("checkpoint", "=", "final")]
    table = pa.concat_tables([pq.read_table(path, filters=final) for path in snakemake.input.units])
    dataset = open_dataset(snakemake.input.images)
    tables = []
    for layer in one_by_one(params.layers):
        concepts = open_checkpoint(groups[layer], "final")
        attributes = dict(concepts.attrs)
        map_width = attributes["shape"][2]
        field = field_of(attributes["receptive_field"], params.size)
        shape = (*shrunk_size(field.size, params.patch_size), dataset.pixels.shape[3])
        degrees = table.filter(pc.equal(table["layer"], layer)).sort_by("unit")["mf_degree"].to_numpy()
        ends = choose_units(degrees, params.units_per_end, params.units.get(layer, []), params.all)
        if not ends:
            log.warning("layer %s has no two units with a multi-facetedness: no facets", layer)
        top_images, top_positions = concepts["top_image"][:], concepts["top_position"][:]
        # at either end, how far out the unit is on that side; elsewhere, on its own side of the layer's mean
        tails = {
            "SF": tail_p_values(degrees, "lower"),
            "MF": tail_p_values(degrees, "upper"),
            "chosen": tail_p_values(degrees, degrees > finite_mean(degrees)),
        }
        writer = FacetWriter(
            new_layer(Path(snakemake.output.store), layer),
            attributes,
            ends,
            params.components,
            params.patches_shown,
            shape,
        )
        rows = []
        for unit in ends:
            images, positions = (top[unit, top_images[unit] >= 0] for top in (top_images, top_positions))
            # read in the order in which they are stored
            read, places = np.unique(images, return_inverse=True)
            pixels = as_seen(dataset.pixels.oindex[read], params.size, params.resize, params.interpolation)[
                places
            ]
            patches = cut(pixels, corners(positions, map_width, field), field.size)
            # a field may lie beyond the border altogether, where a layer pads more than it needs
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
            rows.append((found, len(patches.inside), int((~patches.inside.all((1, 2))).sum())))
        writer.finish()

        p_values = [[by[unit] for by in tails[end]] for unit, end in ends.items()]
        columns = {
            "unit": pa.array(list(ends), pa.int64()),
            "end": pa.array(list(ends.values()), pa.string()),
            "mf_degree": pa.array(degrees[list(ends)], pa.float64()),
            "mf_p_normal": pa.array([by_normal for by_normal, _ in p_values], pa.float64()),
            "mf_p_rank": pa.array([by_rank for _, by_rank in p_values], pa.float64()),
            "n_patches": pa.array([n_patches for _, n_patches, _ in rows], pa.int64()),
            "n_clipped": pa.array([n_clipped for _, _, n_clipped in rows], pa.int64()),
            "patch_height": pa.array([shape[0]] * len(rows), pa.int64()),
            "patch_width": pa.array([shape[1]] * len(rows), pa.int64()),
            "reason": pa.array([found.reason for found, _, _ in rows], pa.string()),
        }
        for channel in CHANNELS:
            converged = [found.converged.get(channel) for found, _, _ in rows]
            iterations = [found.iterations.get(channel) for found, _, _ in rows]
            columns[f"converged_{channel}"] = pa.array(converged, pa.bool_())
            columns[f"iterations_{channel}"] = pa.array(iterations, pa.int64())
        tables.append(pa.table(key_columns(attributes, len(rows)) | columns))
    pq.write_table(pa.concat_tables(tables), snakemake.output.table)
