"""Make images of single units for viewing, at the final checkpoint."""

from pathlib import Path

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]) as log:
    import numpy as np

    from census.interventions.maximization import Maximization, Settings
    from census.interventions.units import sample_units
    from census.networks.device import device_of_job
    from census.networks.loading import prepare_checkpoint
    from census.networks.weights import step_of_weights
    from census.statistics.streams import seed_of
    from census.stores.matrices import new_store

    params, key, entry = snakemake.params, snakemake.wildcards.network, snakemake.params.network
    weights = Path(snakemake.input[0])
    device = device_of_job(snakemake)
    prepared = prepare_checkpoint(weights, entry, params.seed, key, device)
    settings = Settings(
        steps=params.steps,
        step_size=params.step_size,
        parametrization="fourier",
        jitter=round(params.jitter * prepared.images.shape[-1]),
        # noise and shifts of their own, independent of the images of which RS is computed
        seed=seed_of(params.seed, "feature visualization", key),
    )
    with new_store(snakemake.output[0]) as store:
        for layer in one_by_one(prepared.select(params.layers), lambda layer: layer.name):
            sampled = sample_units(layer.shape[0], params.sampled, params.seed, layer.name)
            units = sampled[: params.units_per_layer]
            found = Maximization(prepared, layer, settings).optimize(units, np.zeros_like(units), "am")
            own = found.responses[np.arange(len(units)), units]
            store.write(
                {
                    "unit": (("unit",), units),
                    "image": (("unit", "y", "x", "channel"), found.images),
                    "trajectory": (("unit", "step"), found.trajectory),
                    "response": (("unit",), own),
                },
                {
                    "network": key,
                    "checkpoint": weights.stem,
                    "step": step_of_weights(weights),
                    "layer": layer.name,
                },
            )
            log.info("%s: %d units, %d active, on %s", layer.name, len(units), (own > 0).sum(), device)
