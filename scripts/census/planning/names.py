"""Layers and units that the config names, found in the networks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from census.errors import StudyError, nearest
from census.networks.layers import Layer, select


def with_names_of_layers(run: Mapping[str, Any], layers: Sequence[Layer], key: str) -> dict[str, Any]:
    """Return a run in which ``layers`` and ``unit_layers`` are lists of the layers' one names, by depth.

    Parameters
    ----------
    run : as in the config.
    layers : all layers of its network.
    key : the run's key in the config, for messages.

    Raises
    ------
    StudyError : the network has no layer of that name; or one of ``unit_layers`` is not among ``layers``.
    """
    recorded = select(layers, run["layers"], f"{key}.layers")
    one_by_one = select(layers, run["unit_layers"], f"{key}.unit_layers")
    if run["unit_layers"] == "rectified":
        one_by_one = [layer for layer in one_by_one if layer in recorded]
    for layer in one_by_one:
        if layer not in recorded:
            raise StudyError(f"{key}.unit_layers: {layer.name!r} is not among this run's layers")
    return {
        **run,
        "layers": [layer.name for layer in recorded],
        "unit_layers": [layer.name for layer in one_by_one],
    }


def units_of_layers(
    requests: Mapping[str, Mapping[str, Sequence[int]]] | None,
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, list[int]]]:
    """Return the units that ``measures.facets.units`` asks for, by network and by the layer's one name.

    Parameters
    ----------
    requests : by network and by any of a layer's names, numbers of units; None for none.
    layers : all layers of each network that has a run.
    runs : as in the config, with ``layers`` as a list of names.

    Raises
    ------
    StudyError : no run has the network, or records the layer; or the layer has not so many units.
    """
    chosen: dict[str, dict[str, list[int]]] = {}
    key = "config: measures.facets.units"
    for network, name, layer in _recorded(requests or {}, layers, runs, key):
        units = (requests or {})[network][name]
        for unit in units:
            if unit >= layer.shape[0]:
                last = layer.shape[0] - 1
                raise StudyError(f"{key}.{network}.{name}: there is no unit {unit}; the last is {last}")
        chosen.setdefault(network, {}).setdefault(layer.name, []).extend(units)
    return chosen


def layers_of_networks(
    requests: Mapping[str, Sequence[str]] | None,
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
) -> dict[str, list[str]]:
    """Return the layers that ``measures.directions.loadings`` asks for, by network, by their one name.

    Parameters
    ----------
    requests : by network, any of a layer's names; None for none.
    layers, runs : see :func:`units_of_layers`.

    Raises
    ------
    StudyError : no run has the network, or records the layer.
    """
    chosen: dict[str, list[str]] = {}
    for network, _, layer in _recorded(requests or {}, layers, runs, "config: measures.directions.loadings"):
        chosen.setdefault(network, []).append(layer.name)
    return chosen


def _recorded(
    requests: Mapping[str, Iterable[str]],
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
    key: str,
) -> Iterator[tuple[str, str, Layer]]:
    """Yield each network and layer that a key of the config names, and the layer itself."""
    for network, asked in requests.items():
        if network not in layers:
            raise StudyError(f"{key}: no run has a network {network!r}{nearest(network, layers)}")
        recorded = {name for run in runs if run["network"] == network for name in run["layers"]}
        named = {
            name: layer
            for layer in layers[network]
            if layer.name in recorded
            for name in (layer.name, *layer.aliases)
        }
        for name in asked:
            if name not in named:
                raise StudyError(
                    f"{key}.{network}: no run of it records a layer {name!r}{nearest(name, named)}"
                )
            yield network, name, named[name]
