"""Replicas: networks that one entry of the config stands for, trained alike from different seeds."""

from collections.abc import Iterator
from dataclasses import dataclass

from census.planning.config import Config, Network

# no name in the config has it
SEPARATOR = "@"


@dataclass(frozen=True)
class Replica:
    """A network of an entry in the config, with the seed of its weights.

    Attributes
    ----------
    network : key of the entry.
    seed : seed of training, and of untrained weights.
    name : unique in the study, and part of paths: the key; from another seed than that of the study, the key
        and the seed, such as ``cnn@1``.
    entry : the entry.
    """

    network: str
    seed: int
    name: str
    entry: Network

    @property
    def key(self) -> dict[str, str | int]:
        """The columns of the census that tell it from other networks."""
        return {"network": self.network, "seed": self.seed}

    @property
    def title(self) -> str:
        """Its name in figures; it stays the same when seeds are added, and so do the figures."""
        return self.network if self.name == self.network else f"{self.network}, seed {self.seed}"


def replicas(config: Config) -> dict[str, list[Replica]]:
    """Return the networks that each entry of the config stands for, in order of their seeds there."""
    return {name: list(_replicas(name, entry, config.seed)) for name, entry in config.networks.items()}


def _replicas(network: str, entry: Network, seed: int) -> Iterator[Replica]:
    for each in (entry.training and entry.training.seeds) or [seed]:
        # a network keeps its name, and so its files, when seeds are added
        yield Replica(network, each, network if each == seed else f"{network}{SEPARATOR}{each}", entry)
