"""Write docs/reference/coverage.md, the networks of torchvision, timm and transformers that can be studied.

Called by ``make coverage``; takes hours, so the page is refreshed by hand. Each network runs in a process of
its own, with random weights; large ones run again, alone. What was found is kept in build/coverage/, and
found again only where the library's code or a package's version has changed. Arguments are names of networks
whose lines are renewed, while all others stay.
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import inspect
import json
import multiprocessing
import os
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build/coverage"
PAGE = Path(__file__).parent / "reference" / "coverage.md"
AT_ONCE = 2
MEMORY = 8e9  # bytes that a network's process may take
MEMORY_ALONE = 16e9  # the same, where no other runs at once
MINUTES = 60  # of one core that it may take
FORK = multiprocessing.get_context("forkserver")

# transformers' default configurations that are too large here, or that the network itself refuses
SMALLER: dict[str, dict[str, Any]] = {
    "PerceiverForImageClassificationLearned": {"num_self_attends_per_block": 2},
    "PerceiverForImageClassificationFourier": {
        "num_self_attends_per_block": 2,
        "num_cross_attention_heads": 1,
        "image_size": 224,
    },
    "PerceiverForImageClassificationConvProcessing": {
        "num_self_attends_per_block": 2,
        "num_cross_attention_heads": 1,
        "image_size": 224,
    },
    "ShieldGemma2ForImageClassification": {
        "text_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "vocab_size": 262208,
        },
        "vision_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 224,
            "patch_size": 14,
        },
    },
}

HEAD = """\
# Coverage

<!-- Made by `make coverage`; do not edit. -->

This page lists which networks can be studied. Every classifier of torchvision, the smallest network of each
family of timm, and every image classifier of transformers were tried. A family of timm has the networks of
one module whose names begin with the same letters. Each network has random weights and runs on three images
of the size in its own configuration, on one core.

- **Recorded**: whether layers were listed and [verified](../explanation/architecture.md#verification) against
  the network itself; otherwise the reason.
- **Difference**: the largest difference between recorded values and those of the network itself, or between
  an image alone and in a batch, as a multiple of the layer's root mean square. More than 0.001 is rounding
  that random weights amplify, and is absent in float64.
- **Fields**: number of layers with a known receptive field.
- **Ablation**: by the part of the network downstream of a unit's layer, or by whole forward passes. Tried at
  the first, the middle and the last nonlinear layer.
- **Seconds**: time on one core to list the layers, to verify them, and to choose how units are ablated,
  without building the network.

{made_with}
"""


# which networks there are


def networks() -> dict[str, list[str]]:
    """Return the names of all networks, by set; takes minutes, and is kept."""
    path = KEPT / f"networks-{_digest([versions(), inspect.getsource(_of_timm)])}.json"
    if not path.is_file():
        sets = {
            "torchvision": list(_of_torchvision()),
            "timm": list(_of_timm()),
            "transformers": list(_of_transformers()),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sets))
    return json.loads(path.read_text())


def _of_torchvision() -> list[str]:
    from torchvision import models

    return models.list_models(module=models)


def _of_timm() -> Iterator[str]:
    import timm
    import torch

    families: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for module in timm.list_modules():
        for name in timm.list_models(module=module):
            letters = re.match("[a-z]+", name)
            if letters is None or letters[0] == "test":
                continue
            try:
                with torch.device("meta"):
                    network = timm.create_model(name)
                count = sum(parameter.numel() for parameter in network.parameters())
            except Exception:  # some compute with their weights while they are built
                count = sum(parameter.numel() for parameter in timm.create_model(name).parameters())
            families.setdefault((module, letters[0]), []).append((count, name))
    for members in families.values():
        yield min(members)[1]


def _of_transformers() -> Iterator[str]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

    for names in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.values():
        yield from [names] if isinstance(names, str) else names


def entry_of(set_name: str, name: str) -> dict[str, Any]:
    """Return the entry of a network in the config; one of transformers has its configuration written."""
    if set_name == "torchvision":
        # one size for all, but for the one that needs a larger one
        return {"architecture": name, "input": {"size": 299 if name == "inception_v3" else 224}}
    if set_name == "timm":
        return {"architecture": f"timm:{name}"}
    import transformers

    try:
        kind = getattr(transformers, name).config_class
    except ImportError:  # the network itself says what is missing
        kind = type(transformers.AutoConfig.for_model(name.partition("For")[0].lower()))
    folder = KEPT / "transformers" / name
    kind(**SMALLER.get(name, {}), architectures=[name]).save_pretrained(folder)
    if name == "ImageGPTForImageClassification":  # takes colors of a palette, which its preprocessing has
        palette = np.random.default_rng(0).uniform(-1, 1, (512, 3)).tolist()
        size = {"height": 32, "width": 32}
        transformers.ImageGPTImageProcessor(size=size, clusters=palette).save_pretrained(folder)
    return {"architecture": f"transformers:{folder.relative_to(ROOT)}"}


# what is found out about one


def examine(network: Any, entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what the study makes of a network: the one place that knows how it lists, proves and ablates.

    Parameters
    ----------
    network : as the study builds it.
    entry : its entry in the config, defaults filled in.
    key : for messages.

    Returns
    -------
    ``layers`` and ``fields``, numbers of layers and of those with a known receptive field; ``difference``,
    the largest one that the proof met; ``ablated``, of how many layers ablation was tried; ``part``, of how
    many of these it needs only a part of the network.

    Raises
    ------
    StudyError : the network is refused.
    """
    from census.interventions.suffix import WholePass, downstream_of
    from census.networks import verification
    from census.networks.prepared import prepare

    largest = [0.0]

    def noted(*tensors: Any) -> float:
        largest.append(difference(*tensors))
        return largest[-1]

    verification.perturb(network)
    prepared = prepare(network, entry, key)
    difference, verification.difference = verification.difference, noted
    prepared.verify()
    verification.difference = difference
    layers = prepared.listing.layers
    nonlinear = [layer for layer in layers if layer.kind == "nonlinearity"] or layers[1:-1]
    tried = {nonlinear[round(place * (len(nonlinear) - 1) / 2)].name: None for place in range(3)}
    ways = [downstream_of(prepared, layer) for layer in layers if layer.name in tried]
    return {
        "layers": len(layers),
        "fields": sum(layer.receptive_field is not None for layer in layers),
        "difference": max(largest),
        "ablated": len(ways),
        "part": sum(not isinstance(way, WholePass) for way in ways),
    }


def examined(set_name: str, name: str) -> dict[str, Any]:
    """Return the row of one network: ``examine``'s, with ``seconds``; or ``refused``, the reason."""
    import torch

    from census.errors import StudyError
    from census.networks.build import build
    from census.planning.config import read_config

    torch.set_num_threads(1)
    study = {
        "datasets": {"images": {"source": "fashion-mnist"}},
        "networks": {"n": entry_of(set_name, name)},
        "runs": [{"network": "n", "dataset": "images"}],
    }
    try:
        entry = read_config(study).plain()["networks"]["n"]
        network = build(entry, 0, "n")
        begun = time.process_time()
        return {**examine(network, entry, "n"), "seconds": time.process_time() - begun}
    except StudyError as error:
        return {"refused": str(error).replace(sys.prefix + os.sep, "")}


def _row(set_name: str, name: str, memory: float) -> dict[str, Any] | None:
    """Return a network's row from what is kept, or from its own process; None if it needs more memory."""
    code = [path.read_bytes().hex() for path in sorted((ROOT / "scripts/census/networks").glob("*.py"))]
    asked = [inspect.getsource(examine), inspect.getsource(entry_of), SMALLER, MEMORY_ALONE, MINUTES]
    digest = _digest([versions(), code, asked])
    path = KEPT / set_name / f"{name}.json"
    if path.is_file():
        kept = json.loads(path.read_text())
        if kept["digest"] == digest:
            return kept["row"]
    row = _in_a_process(set_name, name, memory)
    if row is None and memory < MEMORY_ALONE:
        return None
    row = row or {"failed": f"took more than {memory / 1e9:.0f} GB of memory"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"digest": digest, "row": row}))
    print(f"{set_name} {name}: {row.get('refused') or row.get('failed') or 'recorded'}", flush=True)
    return row


def _in_a_process(set_name: str, name: str, memory: float) -> dict[str, Any] | None:
    """Return a network's row from a process of its own, forked from one that has imported the packages.

    None stands for a process that took more memory than it may, in bytes.
    """
    import psutil

    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_send_row, args=(sender, set_name, name))
    process.start()
    sender.close()
    try:
        while not receiver.poll(0.5):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                taken = psutil.Process(process.pid)
                # time of the core, which other work on the machine does not lengthen
                if sum(taken.cpu_times()[:2]) > MINUTES * 60:
                    return {"failed": f"took longer than {MINUTES} minutes"}
                if taken.memory_info().rss > memory:
                    return None
        return receiver.recv()
    except EOFError:
        process.join()
        return {"failed": f"ended with status {process.exitcode}"}
    finally:
        process.kill()
        process.join()


def _send_row(sender: Connection, set_name: str, name: str) -> None:
    try:
        row = examined(set_name, name)
    except Exception as error:
        traceback.print_exc()
        row = {"failed": f"{type(error).__name__}: {error}"}
    sender.send(row)


# the page


def page(lines: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of docs/reference/coverage.md for the line of each network of each set."""
    parts = [HEAD.format(made_with=made_with())]
    parts += ["| set | networks | recorded | refused | failed |", "|---|---|---|---|---|"]
    for name, found in lines.items():
        outcomes = Counter(each.split(" | ")[1].partition(":")[0] for each in found.values())
        recorded, failed = outcomes["yes"], outcomes["failed"]
        parts.append(f"| {name} | {len(found)} | {recorded} | {len(found) - recorded - failed} | {failed} |")
    for name, found in lines.items():
        parts += ["", f"## {name}", ""]
        parts += ["| network | recorded | layers | difference | fields | ablation | seconds |"]
        parts += ["|---|---|---|---|---|---|---|", *(found[network] for network in sorted(found))]
    return "\n".join(parts) + "\n"


def lines_of(text: str) -> dict[str, dict[str, str]]:
    """Return the line of each network of each set in the text of the page."""
    _, *sections = text.split("\n## ")
    lines = {}
    for section in sections:
        title, *rows = section.splitlines()
        lines[title] = {row.split()[1]: row for row in rows[3:]}
    return lines


def line(network: str, row: Mapping[str, Any]) -> str:
    """Return a network's line of the page."""
    if "layers" not in row:
        reason = row.get("refused") or f"failed: {row['failed']}"
        reason = " ".join(reason.split()).replace("|", "\\|").replace("<", "&lt;")
        return f"| {network} | {reason} | | | | | |"
    cells = [
        network,
        "yes",
        row["layers"],
        f"{row['difference']:.0e}".replace("-", "−"),
        f"{row['fields']} of {row['layers']}",
        _ablation(row),
        f"{row['seconds']:.1f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _ablation(row: Mapping[str, Any]) -> str:
    if row["part"] in (0, row["ablated"]):
        return "part" if row["part"] else "whole"
    return f"part at {row['part']} of {row['ablated']} layers"


def made_with() -> str:
    """Return the sentence on the page that names the packages."""
    return f"Made with {', '.join(' '.join(each) for each in versions().items())}."


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide the rows."""
    return {name: version(name) for name in ("torch", "torchvision", "timm", "transformers")}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def main() -> None:
    """Examine all networks that are not kept, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="networks whose lines are renewed; without, all")
    arguments = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8") if arguments.names else ""
    if arguments.names and made_with() not in text:
        sys.exit(f"Error: {PAGE.name} was made with other versions; give no names, to renew all of it")
    lines = lines_of(text)
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    FORK.set_forkserver_preload(["__main__"])
    sys.path.insert(0, str(ROOT / "scripts"))
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    wanted = [
        (set_name, name)
        # those on the page are known without listing all
        for set_name, members in (lines or networks()).items()
        for name in members
        if not arguments.names or name in arguments.names
    ]
    if unknown := set(arguments.names).difference(name for _, name in wanted):
        sys.exit(f"Error: {PAGE.name} has no network {', '.join(sorted(unknown))}; check the names")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda each: _row(*each, MEMORY), wanted))
    for (set_name, name), row in zip(wanted, found, strict=True):
        row = row or _row(set_name, name, MEMORY_ALONE)
        lines.setdefault(set_name, {})[name] = line(name, row)
    PAGE.write_text(page(lines), encoding="utf-8")


if __name__ == "__mp_main__":  # in the process from which those of networks are forked
    sys.path.insert(0, str(ROOT / "scripts"))
    from census.networks import verification  # noqa: F401
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    import timm  # noqa: F401
    import transformers  # noqa: F401

if __name__ == "__main__":
    main()
