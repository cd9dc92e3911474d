# How steps that look at units one by one are split into jobs that can run beside each other: larger layers are made
# in blocks of one size, which a light job puts together. The config says how many blocks one job makes, but not
# which there are: what is finished has the same inputs, and stays finished, however its blocks were made.
import re
from typing import NamedTuple

from census.parts import BLOCK, batches, blocks_of

PART = "results/parts/{step}/{{network}}/{{dataset}}/{{layer}}/{block}"


class Part(NamedTuple):
    """Blocks of units that one job makes, in all layers that have them.

    Attributes
    ----------
    name : what tells the rule, and its jobs' logs, from those of other blocks.
    units : which of the units that are looked at, in words.
    blocks : see :func:`census.parts.blocks_of`.
    networks : wildcard constraint that lets the rule make blocks of those layers only.
    """

    name: str
    units: str
    blocks: tuple[int, ...]
    networks: str


def parts(layers):
    """Yield the jobs by which blocks of layers are made; none where all layers are small.

    Parameters
    ----------
    layers : how many units are looked at, by network, data set and the layer's name in paths.
    """
    for blocks, larger in batches(layers, config["jobs"]["units"]).items():
        first, last = blocks[0], blocks[-1] + BLOCK - 1
        units = f"{first} to {last} of those chosen"
        yield Part(f"{first}_to_{last}", units, blocks, _followed_by(larger, "/"))


def _followed_by(layers, ending):
    """Return a wildcard constraint for networks in paths of layers; what follows there decides, too."""
    return "|".join(
        f"{network}(?=/{dataset}/{re.escape(layer)}{ending})" for network, dataset, layer in layers
    )


def divided(layers, ending):
    """Return a wildcard constraint for networks: in paths of layers that are put together from blocks.

    Parameters
    ----------
    layers : see :func:`parts`.
    ending : regular expression of what follows the layer in all paths of the rule.
    """
    larger = [layer for layer, n_units in layers.items() if n_units > BLOCK]
    # where there are none, nothing matches
    return _followed_by(larger, f"{ending}$") or "(?!)"


def undivided(layers, ending):
    """Return a wildcard constraint for networks: in paths of all layers but those of :func:`divided`."""
    return f"(?!{divided(layers, ending)})(?:{'|'.join(sorted(config['networks']))})"


def block_files(step, blocks, ending):
    """Return the files of blocks, which are removed once they are put together."""
    return expand(PART, step=step, block=[f"{block}{ending}" for block in blocks])


def blocks_of_layer(step, layers, ending):
    """Return an input function: the files of all blocks of a layer, in order.

    Parameters
    ----------
    step : name of the rule that looks at the units.
    layers : see :func:`parts`.
    ending : of the files.
    """

    def files(wildcards):
        n_units = layers[wildcards.network, wildcards.dataset, wildcards.layer]
        return expand(block_files(step, blocks_of(n_units), ending), **wildcards)

    return files


def units_looked_at():
    """Return how many units of each layer are looked at where that is done one by one."""
    return {
        (run["network"], run["dataset"], path_name(layer.name)): (
            layer.shape[0] if run["units"] == "all" else min(run["units"], layer.shape[0])
        )
        for run in UNIT_RUNS
        for layer in LAYERS[run["network"]]
        if layer.name in run["unit_layers"]
    }


def units_with_facets(chosen):
    """Return how many units of each layer have facets; it may be fewer, where so few answer that the ends would meet.

    Parameters
    ----------
    chosen : units that the config names, by network and layer.
    """
    settings, counts = config["measures"]["facets"], {}
    for run in RUNS:
        for layer in LAYERS[run["network"]]:
            named = len(chosen.get(run["network"], {}).get(layer.name, []))
            wanted = layer.shape[0] if settings["all"] else 2 * settings["units_per_end"] + named
            if layer.name in run["layers"]:
                counts[run["network"], run["dataset"], path_name(layer.name)] = min(wanted, layer.shape[0])
    return counts
