"""The layers of a network, cached so that planning needs no torch.

The workflow must know a network's layers before it can plan its jobs. Tracing a network needs torch, whose
import alone takes seconds. The list of layers is therefore cached under a digest of everything it depends on,
once the values to be recorded have been verified against the network's own.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from census.networks.hubs import digest_of_folder, hub_of, version_of_hub
from census.networks.layers import Layer, read_layers, write_layers
from census.networks.users import files_of
from census.planning.digest import code_digest, source_digest
from census.recording.passes import digest


def own_code(entry: Mapping[str, Any]) -> str:
    """Return a digest of the user's own files of an architecture; empty if there are none.

    Covers the file that defines a user's function, and those that import the function from it under its name;
    or the configuration in a hub's local folder. Other imports of these files are not followed.
    """
    if hub_of(entry["architecture"]):
        return digest_of_folder(entry["architecture"])
    module, found, name = entry["architecture"].partition(":")
    if not found:
        return ""
    files = files_of(module, name.partition(".")[0])
    # building the network reports missing files with its key
    return " ".join(source_digest(file.read_bytes()) for file in files) or "missing"


def list_layers(key: str, entry: Mapping[str, Any], folder: Path) -> list[Layer]:
    """Return the layers of a network in order of depth.

    Parameters
    ----------
    key : the network's key in the config.
    entry : its config entry, with defaults filled in.
    folder : cache with one file per network.

    Raises
    ------
    StudyError : the network does not exist, fails, or differs from the values that would be recorded.
    """
    shape = {name: entry["input"][name] for name in ("size", "color")}
    follows_from = digest(
        [
            [entry["architecture"], entry["arguments"], entry["classes"], entry["weights"], shape],
            entry["logits"],
            [
                own_code(entry),
                code_digest("census/planning/listing.py"),
                version("torch"),
                version("torchvision"),
            ],
            version_of_hub(entry["architecture"]),
        ]
    )
    path = folder / f"{key}.{follows_from}.json"
    if not path.is_file():
        from census.networks.build import build
        from census.networks.prepared import prepare
        from census.networks.verification import perturb

        network = build(entry, seed=0, key=key)
        perturb(network)
        prepared = prepare(network, entry, key)
        prepared.verify()
        for outdated in folder.glob(f"{key}.*.json"):
            outdated.unlink(missing_ok=True)  # two runs may start at the same time
        write_layers(prepared.listing.layers, path)
    return read_layers(path)
