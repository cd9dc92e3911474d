"""Make pictures that drive units of a layer: by activation maximization, and by independent such."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    import numpy as np
    from tqdm import tqdm

    from census.ascent.ascend import Ascent, Settings
    from census.ascent.objectives import OBJECTIVES
    from census.networks.build import build
    from census.networks.device import choose_device, keep_freed_memory
    from census.networks.prepared import prepare
    from census.networks.weights import load_weights, step_of_weights
    from census.parts import places_of
    from census.paths import layer_name
    from census.stores import write_checkpoint
    from census.units import sample_units

    key, entry, seed = snakemake.wildcards.network, snakemake.params.network, snakemake.params.seed
    batch, seeds = snakemake.params.batch, snakemake.params.seeds
    # where a network runs, and how many pictures at once, change no result beyond rounding
    keep_freed_memory()
    device = choose_device(snakemake.config["device"], snakemake.threads)
    settings = Settings(
        **{name: snakemake.params[name] for name in ("steps", "step_size", "parametrization", "jitter")},
        seed=seed,
    )
    # of a larger layer, blocks of units; pictures that climb at once are of one block, whichever job makes it
    blocks = places_of(snakemake.output) if snakemake.params.get("blocks") else [slice(None)]
    for path in map(Path, snakemake.input):
        network = build(entry, seed, key).requires_grad_(False)
        load_weights(network, path)
        prepared = prepare(network, entry, key, device)
        known = (each.name for each in prepared.listing.layers)
        (layer,) = prepared.select([layer_name(snakemake.wildcards.layer, known)])
        if not layer.before:
            log.warning("%s has no rectifier: its own values are maximized", layer.name)
        ascent = Ascent(prepared, layer, settings)
        chosen = sample_units(layer.shape[0], snakemake.params.units, seed, layer.name)
        for output, some in zip(snakemake.output, blocks, strict=True):
            units = chosen[some]
            # pictures in the order of the store: seed by seed, all units
            pairs = np.repeat(np.arange(seeds), len(units)), np.tile(units, seeds)
            climbed = []
            for objective in OBJECTIVES:
                for first in tqdm(range(0, len(pairs[0]), batch), f"{path.stem} {objective}", unit="batch"):
                    part = slice(first, first + batch)
                    climbed.append(ascent.climb(pairs[1][part], pairs[0][part], objective))
            pictures, paths, responses = (
                np.concatenate(parts).reshape(len(OBJECTIVES), seeds, len(units), *parts[0].shape[1:])
                for parts in zip(*climbed, strict=True)
            )
            diverged = ~np.isfinite(paths).all(-1)
            if diverged.any():
                log.warning("%s: %d of %d ascents diverged", path.stem, diverged.sum(), diverged.size)
            log.info("%s: %d units, on %s", path.stem, len(units), device)
            each = ("objective", "seed", "unit")
            arrays = {
                "unit": (("unit",), units),
                "picture": ((*each, "y", "x", "channel"), pictures),
                "path": ((*each, "step"), paths),
                "response": ((*each, "other_unit"), responses),
            }
            attributes = {
                "network": key,
                "checkpoint": path.stem,
                "step": step_of_weights(path),
                "layer": layer.name,
                "rectified": bool(layer.before),
                "objectives": list(OBJECTIVES),
            }
            write_checkpoint(Path(output), path.stem, arrays, attributes)
