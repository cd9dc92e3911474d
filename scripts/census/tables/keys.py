"""The columns that identify rows of all tables."""

from collections.abc import Mapping

import pyarrow as pa

from census.measures.columns import Table, Type, column

TYPES: Mapping[Type, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


class Keys(Table, per="layer at a checkpoint"):
    """The network, checkpoint, data set and layer of a row."""

    network: str = column("key of the network in the config", "ours")
    checkpoint: str = column(
        "`final`, or the training step after which the weights were kept; `0` is the untrained network",
        "ours",
    )
    step: int | None = column(
        "number of training steps; null for weights that the study did not train",
        "ours",
        unit="steps",
        range=(0, None),
    )
    dataset: str = column("key of the data set in the config", "ours")
    layer: str = column("name of the layer", "ours")
    depth: int = column(
        "rank of the layer along the forward pass, 0 for the input", "Rupprecht 2018", range=(0, None)
    )
    kind: str = column(
        "`input`, `nonlinearity`, `pooling`, `module`, `output` (the logits) or `other`", "ours"
    )
    branch_of: str = column(
        "module that contains the layer's branch, or the layer where its branches merge; empty on the trunk",
        "Rupprecht 2018",
    )


class Seed(Table, per="network"):
    """The seed of a row's network, which identifies one of several networks of a config entry.

    Like paths, tables of measures have key and seed in the column ``network``: ``cnn@1``; see
    :class:`census.planning.replicas.Replica`.
    """

    seed: int = column(
        "seed of the network's initial weights and of its training",
        "ours",
        range=(0, None),
    )


KEYS = {each.name: TYPES[each.type] for each in Keys.columns()}
_NETWORK, *_OTHERS = Keys.columns()
CENSUS = [_NETWORK, *Seed.columns(), *_OTHERS]
"""The columns that identify rows of the census."""
CENSUS_KEYS = {each.name: TYPES[each.type] for each in CENSUS}
