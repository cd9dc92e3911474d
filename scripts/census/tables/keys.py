"""The columns by which rows of all tables are told apart."""

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
    """Which layer of which network, on which data set, a row is about."""

    network: str = column("key of the network in the config", "ours")
    checkpoint: str = column(
        "`final`, or the training step after which the weights were kept; `0` is the untrained network",
        "ours",
    )
    step: int | None = column(
        "number of training steps; null for weights that were not trained here",
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
        "module, or next layer on every path, in a branch of which the layer lies; empty on the trunk",
        "Rupprecht 2018",
    )


class Seed(Table, per="network"):
    """Which of the networks of one entry in the config a row is about.

    Tables of measures have both in ``network``, as paths do: ``cnn@1``; see
    :class:`census.planning.replicas.Replica`.
    """

    seed: int = column(
        "seed from which the network was trained, or its untrained weights were drawn",
        "ours",
        range=(0, None),
    )


# a network that was not trained here has no step: null, in a column of integers all the same
KEYS = {each.name: TYPES[each.type] for each in Keys.columns()}
_NETWORK, *_OTHERS = Keys.columns()
CENSUS = [_NETWORK, *Seed.columns(), *_OTHERS]
"""The columns by which rows of the census are told apart."""
CENSUS_KEYS = {each.name: TYPES[each.type] for each in CENSUS}
