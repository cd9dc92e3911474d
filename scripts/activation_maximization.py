"""Maximize the activation of single units of layers, by AM and by IAM."""

from contextlib import ExitStack
from pathlib import Path

from census.jobs import Script, job, one_by_one, progress_bar

snakemake: Script

with job(snakemake.log[0]) as log, ExitStack() as stack:
    import numpy as np

    from census.interventions.maximization import Maximization, Settings
    from census.interventions.objectives import OBJECTIVES
    from census.interventions.units import sample_units
    from census.networks.device import device_of_job
    from census.networks.loading import prepare_checkpoint
    from census.networks.weights import step_of_weights
    from census.planning.blocks import UNITS, units_of_part
    from census.statistics.streams import seed_of
    from census.stores.matrices import new_store

    key, entry, seed = snakemake.wildcards.network, snakemake.params.network, snakemake.params.seed
    seeds = snakemake.params.seeds
    device = device_of_job(snakemake)
    options = {name: snakemake.params[name] for name in ("steps", "step_size", "parametrization", "jitter")}
    # for slow layers, each job takes a part of the units
    part, parts = int(snakemake.wildcards.get("part", 0)), snakemake.params.get("parts", 1)
    store = stack.enter_context(new_store(snakemake.output[0]))
    for path in map(Path, snakemake.input):
        prepared = prepare_checkpoint(path, entry, seed, key, device)
        for layer in one_by_one(prepared.select(snakemake.params.layers), lambda layer: layer.name):
            if not layer.preactivation:
                log.warning("%s has no activation function: its own values are maximized", layer.name)
            # noise of its own for each network and checkpoint
            settings = Settings(**options, seed=seed_of(seed, key, path.stem))
            maximization = Maximization(prepared, layer, settings)
            at_once = prepared.images_at_once(snakemake.params.batch, until=layer)
            chosen = sample_units(layer.shape[0], snakemake.params.units_per_layer, seed, layer.name)
            chosen = chosen[units_of_part(len(chosen), part, parts)]
            found = []
            for first_unit in range(0, len(chosen), UNITS):
                units = chosen[first_unit : first_unit + UNITS]
                # images in the order of the store: all units for the first seed, then for the next
                pairs = np.repeat(np.arange(seeds), len(units)), np.tile(units, seeds)
                optimized = []
                for objective in OBJECTIVES:
                    title = f"{path.stem} {layer.name} {objective}"
                    with progress_bar(title, len(pairs[0]), "images") as progress:
                        for first in range(0, len(pairs[0]), at_once):
                            some = slice(first, first + at_once)
                            optimized.append(maximization.optimize(pairs[1][some], pairs[0][some], objective))
                            progress.update(len(pairs[0][some]))
                found.append(
                    [
                        np.concatenate(arrays).reshape(
                            len(OBJECTIVES), seeds, len(units), *arrays[0].shape[1:]
                        )
                        for arrays in zip(*optimized, strict=True)
                    ]
                )
            images, trajectories, responses = (
                np.concatenate(arrays, axis=2) for arrays in zip(*found, strict=True)
            )
            diverged = ~np.isfinite(trajectories).all(-1)
            if diverged.any():
                log.warning(
                    "%s, %s: %d of %d optimizations diverged",
                    layer.name,
                    path.stem,
                    diverged.sum(),
                    diverged.size,
                )
            log.info("%s, %s: %d units, on %s", layer.name, path.stem, len(chosen), device)
            each = ("objective", "seed", "unit")
            arrays = {
                "unit": (("unit",), chosen),
                "image": ((*each, "y", "x", "channel"), images),
                "trajectory": ((*each, "step"), trajectories),
                "response": ((*each, "other_unit"), responses),
            }
            attributes = {
                "network": key,
                "checkpoint": path.stem,
                "step": step_of_weights(path),
                "layer": layer.name,
                "nonlinear": bool(layer.preactivation),
                "objectives": list(OBJECTIVES),
            }
            store.write(arrays, attributes)
