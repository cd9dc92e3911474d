"""Records of trainings that failed, so that a study of several seeds can be finished without them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "failed.json"


def record_failure(folder: Path, training: Mapping[str, Any], reason: str) -> Path:
    """Write down that a training failed.

    Parameters
    ----------
    folder : folder of the network's weights.
    training : all that it depends on, see :func:`census.planning.replicas.training_of`.
    reason : the fault.

    Returns
    -------
    Path
        The record. If it is deleted, the network is trained again.
    """
    path = folder / FILE
    path.write_text(json.dumps({"reason": reason, "training": training}, indent=1), encoding="utf-8")
    return path


def has_failed(folder: Path, training: Mapping[str, Any]) -> bool:
    """Return whether this training of a network failed; see :func:`record_failure`."""
    path = folder / FILE
    if not path.is_file():
        return False
    recorded = json.loads(path.read_text(encoding="utf-8")).get("training")
    return bool(recorded == json.loads(json.dumps(training)))


def forget_failure(folder: Path) -> None:
    """Remove the record of a failed training, if there is one."""
    (folder / FILE).unlink(missing_ok=True)


def failed_seeds(seeds: Sequence[int]) -> str:
    """Return a remark on seeds from which training failed; empty without any.

    >>> failed_seeds([3, 4])
    'training failed from seeds 3, 4'
    """
    if not seeds:
        return ""
    return f"training failed from seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
