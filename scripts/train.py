"""Train a network and save its checkpoints."""

from collections.abc import Mapping
from pathlib import Path

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    import csv
    import shutil

    import torch

    from census.data.store import open_dataset
    from census.errors import StudyError
    from census.networks.build import build
    from census.networks.device import choose_precision, device_of_job
    from census.networks.failures import forget_failure, record_failure
    from census.networks.preprocess import Preprocess
    from census.networks.train import Diverged, Training
    from census.networks.weights import digest_of_weights, write_weights
    from census.recording.passes import digest

    network, settings = snakemake.params.network, dict(snakemake.params.settings)
    device = device_of_job(snakemake)
    precision = choose_precision(settings["training"]["precision"], device)
    train, test = (open_dataset(snakemake.input[split]) for split in ("train", "test"))
    for split in (train, test):
        if len(split.classes) != settings["classes"]:
            raise StudyError(
                f"networks.{network}.classes: is {settings['classes']}, but "
                f"{settings['training']['dataset']} has {len(split.classes)} classes"
            )

    # Snakemake removes the outputs of a killed job, so the state for resuming is stored next to them
    final = Path(snakemake.output.history).parent
    unfinished = final / "unfinished"
    identity = digest(
        [
            settings,
            snakemake.params.code,
            train.attributes["digest"],
            test.attributes["digest"],
            torch.__version__,
            precision,
        ]
    )
    training = Training(
        build(settings, settings["seed"], network),
        Preprocess(settings["input"]),
        settings["training"],
        settings["seed"],
        unfinished / "state.pt",
        identity,
        device,
        precision,
        network,
        settings["logits"],
    )

    def keep(checkpoint: str, step: int, state: Mapping[str, torch.Tensor]) -> None:
        """Save a checkpoint next to the unfinished training."""
        metadata = {"network": network, "checkpoint": checkpoint, "step": str(step), "identity": identity}
        metadata["precision"] = precision
        write_weights(state, unfinished / f"{checkpoint}.safetensors", metadata)
        log.info("kept checkpoint %s", checkpoint)

    log.info(
        "training %s on %d images with %d threads on %s, in %s",
        network,
        len(train.labels),
        snakemake.threads,
        device,
        precision,
    )
    forget_failure(final)
    try:
        history = training.run((train.pixels[:], train.labels), (test.pixels[:], test.labels), keep)
    except Diverged as error:
        written = record_failure(final, dict(snakemake.params.items()), str(error))
        raise StudyError(
            f"{error}. With several training.seeds, the next run reports the other networks without this "
            f"one, unless {written} is deleted"
        ) from None
    for record in history:
        log.info("%s", record)
    with open(snakemake.output.history, "w", encoding="utf-8") as file:
        table = csv.DictWriter(file, history[0], delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(history)
    for path in map(Path, snakemake.output.weights):
        # copied, because Snakemake removes the outputs of a job that is killed here
        shutil.copyfile(unfinished / path.name, path)
        log.info("%s sha256 %s", path, digest_of_weights(path))
    # with checkpoints that an earlier config asked for
    shutil.rmtree(unfinished)
