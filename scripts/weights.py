"""Import the weights of a pretrained network, and write random weights for comparison."""

from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from census.networks.build import build, channels_of
    from census.networks.hubs import published_state
    from census.networks.weights import (
        CONVERTERS,
        fetched_state,
        fit_state,
        read_state,
        torchvision_state,
        write_weights,
    )

    key, settings = snakemake.wildcards.network, dict(snakemake.params.settings)
    weights = settings["weights"]
    network = build(settings, settings["seed"], key)
    untrained, final = map(Path, snakemake.output.weights)
    write_weights(
        network.state_dict(), untrained, {"network": key, "checkpoint": "0", "step": "0", "weights": "random"}
    )
    if weights in CONVERTERS:
        fit_state(network, fetched_state(weights, Path(snakemake.input[0])), weights)
    elif weights == "pretrained":
        channels = channels_of(settings["input"]["color"])
        fit_state(network, published_state(settings, channels, key), settings["architecture"])
    elif weights.startswith("torchvision:"):
        name = weights.partition(":")[2]
        fit_state(network, torchvision_state(settings["architecture"], name, key), weights)
    elif weights != "random":
        fit_state(network, read_state(Path(weights), network), weights)
    about = {"network": key, "checkpoint": "final", "weights": weights}
    # the number of training steps of imported weights is unknown
    step = {"step": "0"} if weights == "random" else {}
    write_weights(network.state_dict(), final, about | step)
    source = settings["architecture"] if weights == "pretrained" else weights
    log.info("weights of %s from %s", key, source)
    log.info("input of %s: %s", key, settings["input"])
