"""Replicas: the networks of one config entry, trained identically from different seeds."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from census.data.folder import last_changes
from census.data.sources import folder_of
from census.networks.failures import has_failed
from census.planning.config import Config, Network
from census.planning.digest import code_digest
from census.planning.listing import own_code

# names in the config cannot contain it
SEPARATOR = "@"


@dataclass(frozen=True)
class Replica:
    """A network of a config entry, with the seed of its weights.

    Attributes
    ----------
    network : key of the entry.
    seed : seed of the initial weights and of training.
    name : the key if the seed is that of the study, otherwise key and seed, such as ``cnn@1``. Unique in the
        study; part of paths.
    entry : the config entry.
    """

    network: str
    seed: int
    name: str
    entry: Network

    @property
    def key(self) -> dict[str, str | int]:
        """The census columns that identify the network."""
        return {"network": self.network, "seed": self.seed}

    @property
    def title(self) -> str:
        """Its name in figures. Adding seeds changes neither the name nor the figures."""
        return self.network if self.name == self.network else f"{self.network}, seed {self.seed}"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that determines its weights, apart from its training images."""
        # this network does not depend on the other seeds
        entry = self.entry.model_dump(exclude={"training": {"seeds"}})
        return {**entry, "seed": self.seed, "own_code": own_code(entry)}


def replicas(config: Config, failed: Mapping[str, Collection[int]]) -> dict[str, list[Replica]]:
    """Return the networks of each config entry, in the order of its seeds.

    Parameters
    ----------
    config : the config.
    failed : seeds to leave out, by entry; see :func:`failed_trainings`.
    """
    return {
        name: [each for each in _replicas(name, entry, config.seed) if each.seed not in failed.get(name, ())]
        for name, entry in config.networks.items()
    }


def failed_trainings(config: Config, folder: Path) -> dict[str, list[int]]:
    """Return the seeds from which training failed, by entry.

    Entries of which no network is left are not included: such a study cannot do without them.

    Parameters
    ----------
    config : the config.
    folder : folder that holds a folder of each network; see :func:`census.networks.failures.record_failure`.
    """
    found = {}
    for name, entry in config.networks.items():
        every = list(_replicas(name, entry, config.seed))
        if len(every) > 1:
            failed = [
                each.seed for each in every if has_failed(folder / each.name, training_of(each, config))
            ]
            if 0 < len(failed) < len(every):
                found[name] = failed
    return found


def training_of(replica: Replica, config: Config) -> dict[str, Any]:
    """Return all that a training depends on, apart from the content of the images.

    Parameters
    ----------
    replica : a network that the study trains.
    config : the config.
    """
    training = replica.entry.training
    assert training is not None, replica.name
    images = config.datasets[training.dataset].plain()
    folders = (folder_of(images, split) for split in ("train", "test"))
    return {
        "network": replica.name,
        "settings": replica.settings,
        "images": dict(sorted(images.items())),
        "changes": [last_changes(folder) for folder in folders if folder is not None],
        "code": code_digest("train.py"),
    }


def _replicas(network: str, entry: Network, seed: int) -> Iterator[Replica]:
    for each in (entry.training and entry.training.seeds) or [seed]:
        # adding seeds must not rename existing networks, because paths contain the name
        yield Replica(network, each, network if each == seed else f"{network}{SEPARATOR}{each}", entry)
