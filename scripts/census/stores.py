"""What all Zarr stores of the study have in common."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def consolidate(path: Path, attributes: Mapping[str, Any]) -> None:
    """Give a group its attributes, and gather the metadata of its arrays in its own, in one write.

    Readers need not list the folder then, in which Snakemake leaves a file of its own.
    """
    document = path / "zarr.json"
    group = json.loads(document.read_text())
    group["attributes"] = dict(attributes)
    group["consolidated_metadata"] = {
        "kind": "inline",
        "must_understand": False,  # readers that do not know it may ignore it, and lose nothing
        "metadata": {
            array.parent.name: json.loads(array.read_text()) for array in sorted(path.glob("*/zarr.json"))
        },
    }
    document.write_text(json.dumps(group))
