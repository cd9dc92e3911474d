"""Resolve config keys that name layers of networks, or units of layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from census.errors import StudyError, nearest
from census.networks.layers import Layer
from census.planning.runs import Run


@dataclass(frozen=True)
class Recorded:
    """Resolve config keys that name layers of networks.

    Attributes
    ----------
    known : all layers of each network that has a run.
    runs : the runs.
    """

    known: Mapping[str, Sequence[Layer]]
    runs: Sequence[Run]

    def units(
        self, requests: Mapping[str, Mapping[str, Sequence[int]]], key: str
    ) -> dict[str, dict[str, list[int]]]:
        """Return unit indices by network and by the layer's canonical name.

        Raises
        ------
        StudyError : no run has the network or records the layer, or the layer has no such unit.
        """
        chosen: dict[str, dict[str, list[int]]] = {}
        for network, by_layer in requests.items():
            for name, units in by_layer.items():
                layer = self._layer(network, name, key)
                for unit in units:
                    if unit >= layer.shape[0]:
                        last = layer.shape[0] - 1
                        raise StudyError(
                            f"{key}.{network}.{name}: there is no unit {unit}; the last is {last}"
                        )
                chosen.setdefault(network, {}).setdefault(layer.name, []).extend(units)
        return chosen

    def layers(self, requests: Mapping[str, Sequence[str]], key: str) -> dict[str, list[str]]:
        """Return layers by network, with their canonical names.

        Raises
        ------
        StudyError : no run has the network or records the layer.
        """
        return {
            network: [self._layer(network, name, key).name for name in names]
            for network, names in requests.items()
        }

    def _layer(self, network: str, name: str, key: str) -> Layer:
        if network not in self.known:
            raise StudyError(f"{key}: no run has a network {network!r}{nearest(network, self.known)}")
        recorded = {layer for run in self.runs if run.settings.network == network for layer in run.layers}
        named = {
            each: layer
            for layer in self.known[network]
            if layer.name in recorded
            for each in (layer.name, *layer.aliases)
        }
        if name not in named:
            raise StudyError(f"{key}.{network}: no run of it records a layer {name!r}{nearest(name, named)}")
        return named[name]
