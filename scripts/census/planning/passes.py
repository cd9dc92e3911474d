"""The forward passes of a study; each becomes a rule.

A layer whose store is up to date stays with the pass that filled it. All other layers of a network,
checkpoint and data set share one new pass; see :mod:`census.recording.passes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from census.planning.listing import own_code
from census.planning.plan import Plan
from census.planning.runs import STORE, WEIGHTS, Run
from census.recording.passes import NEW, digest, pass_folder, pass_id, shard_name
from census.recording.passes import plan as share_out
from census.stores.paths import path_name


@dataclass(frozen=True)
class Pass:
    """A forward pass.

    Attributes
    ----------
    run, checkpoint : the recorded run and checkpoint.
    name : unique part of the names of its rule and log.
    layers : names of the layers it records.
    stores : paths of the stores of these layers.
    settings : everything that determines the stores' content, apart from weights and images.
    key : digest of the settings.
    folder : folder for unfinished stores.
    shards : number of jobs into which it is split.
    shard : output of each of these jobs; a pattern with the wildcard ``shard``.
    """

    run: Run
    checkpoint: str
    name: str
    layers: list[str]
    stores: list[str]
    settings: dict[str, Any]
    key: str
    folder: str
    shards: int
    shard: str

    @property
    def weights(self) -> str:
        """The weights of the network."""
        return WEIGHTS.format(network=self.run.network, checkpoint=self.checkpoint)

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{self.run.network} ({self.checkpoint}) on {self.run.dataset}"

    @property
    def threads(self) -> int:
        """Number of cores its jobs use."""
        # on one core, the few images of an early checkpoint take less time than loading torch
        return 4 if self.checkpoint == "final" else 1


def passes(plan: Plan, code: str) -> Iterator[Pass]:
    """Yield all passes of a study, finished ones and those still to be run.

    Parameters
    ----------
    plan : plan of the study.
    code : digest of the code that runs passes.
    """
    for run in plan.runs:
        for checkpoint in run.checkpoints:
            settings = _settings(plan, run, checkpoint, code)
            key = digest(settings)
            stores = {
                layer: Path(run.path(STORE, checkpoint=checkpoint, layer=path_name(layer)))
                for layer in run.layers
            }
            for finished, (layers, shards) in share_out(stores, key, run.settings.shards).items():
                # stores of a finished pass may be missing; its id still covers all of its layers
                this_pass = pass_id(key, layers) if finished == NEW else finished
                beside = stores[layers[0]].parent
                # finished passes of a run need distinct names; there is only one new pass
                ending = "" if finished == NEW else f"_{finished}"
                yield Pass(
                    run,
                    checkpoint,
                    f"{run.network}_{checkpoint}_{run.dataset}{ending}",
                    layers,
                    [str(stores[layer]) for layer in layers],
                    settings,
                    key,
                    str(pass_folder(beside, this_pass)),
                    shards,
                    str(beside / shard_name(this_pass, "{shard}")),
                )


def _settings(plan: Plan, run: Run, checkpoint: str, code: str) -> dict[str, Any]:
    entry = run.entry.model_dump()
    parts = ("architecture", "arguments", "classes", "input", "logits")
    limits = [run.settings.n_images]
    if checkpoint != "final":
        # images of other checkpoints are among those of the final network, with whose values they are shown
        limits.append(run.settings.n_checkpoint_images)
    return {
        "network": {name: entry[name] for name in parts},
        "weights": entry["weights"],
        "split": run.settings.split,
        "n_images": min((limit for limit in limits if limit is not None), default=None),
        "n_map_images": run.settings.n_map_images,
        "seed": plan.config.seed,
        "activations": plan.config.activations.model_dump(),
        "own_code": own_code(entry),
        "code": code,
    }
