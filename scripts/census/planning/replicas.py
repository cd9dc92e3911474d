"""Replicas: the networks of one config entry, trained identically from different seeds."""

from collections.abc import Iterator
from dataclasses import dataclass

from census.planning.config import Config, Network

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


def replicas(config: Config) -> dict[str, list[Replica]]:
    """Return the networks of each config entry, in the order of its seeds."""
    return {name: list(_replicas(name, entry, config.seed)) for name, entry in config.networks.items()}


def _replicas(network: str, entry: Network, seed: int) -> Iterator[Replica]:
    for each in (entry.training and entry.training.seeds) or [seed]:
        # adding seeds must not rename existing networks, because paths contain the name
        yield Replica(network, each, network if each == seed else f"{network}{SEPARATOR}{each}", entry)
