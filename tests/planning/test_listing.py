"""Cached layers of networks are read without torch."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from census.errors import StudyError
from census.planning.config import read_config
from census.planning.listing import list_layers, own_code

SCRIPTS = Path(__file__).parents[2] / "scripts"
OWN = """
from torch import nn

def net():
    return nn.Sequential(nn.Conv2d(1, {units}, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""
PROGRAM = """
import json, sys
from pathlib import Path
from census.planning.listing import list_layers
layers = list_layers("net", json.loads(sys.argv[1]), Path("layers"))
needless = {"torchvision", "torch._dynamo"} & sys.modules.keys()
assert not needless, f"{needless} take seconds, and none of these networks needs them"
print(json.dumps(["torch" in sys.modules, {layer.name: layer.shape for layer in layers}]))
"""


def entry(**changes: Any) -> dict[str, Any]:
    """Return a network's entry in the config, complete."""
    gray = {"size": 8, "color": "gray", "mean": [0], "std": [1]}
    network = {"architecture": "cnn", "classes": 3, "input": gray, **changes}
    study = {
        "datasets": {"clothes": {"source": "fashion-mnist"}},
        "networks": {"net": network},
        "runs": [{"network": "net", "dataset": "clothes"}],
    }
    return read_config(study).plain()["networks"]["net"]


def ask(folder: Path, network: dict[str, Any]) -> tuple[bool, dict[str, list[int]]]:
    """List layers in a new Python process; return whether it needed torch, and the layers' shapes."""
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(network)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    needed, layers = json.loads(printed.stdout)
    return needed, layers


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "layers").iterdir())


def test_a_cached_listing_needs_no_torch(tmp_path):
    needed, layers = ask(tmp_path, entry())
    assert needed
    assert layers["input"] == [1, 8, 8]
    assert layers["relu1"] == [64, 8, 8]
    assert layers["output"] == [3, 1, 1]
    assert ask(tmp_path, entry()) == (False, layers)
    assert len(kept(tmp_path)) == 1


def test_settings_that_leave_the_graph_unchanged_reuse_the_listing(tmp_path):
    before = list_layers("net", entry(), tmp_path / "layers")
    files = kept(tmp_path)
    other = {"size": 8, "color": "gray", "mean": [0.5], "std": [2], "range": 255, "resize": 9}
    assert list_layers("net", entry(input=other), tmp_path / "layers") == before
    assert kept(tmp_path) == files


@pytest.mark.parametrize(
    ("change", "layer", "shape"),
    [
        ({"classes": 5}, "output", (5, 1, 1)),
        ({"architecture": "mlp"}, "relu1", (128, 1, 1)),
        ({"arguments": {"size": 8, "classes": 7}, "classes": 7}, "output", (7, 1, 1)),
        ({"input": {"size": 16}}, "input", (3, 16, 16)),
    ],
)
def test_a_changed_entry_is_listed_again(tmp_path, change, layer, shape):
    list_layers("net", entry(), tmp_path / "layers")
    outdated = kept(tmp_path)
    layers = {each.name: each.shape for each in list_layers("net", entry(**change), tmp_path / "layers")}
    assert layers[layer] == shape
    # what is out of date is taken away, and nothing else
    assert len(kept(tmp_path)) == 1
    assert kept(tmp_path) != outdated


def test_networks_do_not_share_listings(tmp_path):
    list_layers("net", entry(), tmp_path / "layers")
    list_layers("net2", entry(classes=4), tmp_path / "layers")
    list_layers("net", entry(classes=5), tmp_path / "layers")
    assert [name.partition(".")[0] for name in kept(tmp_path)] == ["net", "net2"]


def test_an_edited_user_module_is_listed_again(tmp_path):
    module = tmp_path / "mine" / "nets.py"
    module.parent.mkdir()
    module.write_text(OWN.format(units=4))
    own = entry(architecture="mine.nets:net", classes=4)
    shapes = {"input": [1, 8, 8], "0": [4, 6, 6], "1": [4, 1, 1], "output": [4, 1, 1]}
    assert ask(tmp_path, own) == (True, shapes)
    os.utime(module, (1, 1))
    assert not ask(tmp_path, own)[0]
    module.write_text(OWN.format(units=5))
    own["classes"] = 5
    shapes = {"input": [1, 8, 8], "0": [5, 6, 6], "1": [5, 1, 1], "output": [5, 1, 1]}
    assert ask(tmp_path, own) == (True, shapes)


def test_the_digest_of_the_user_s_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(OWN.format(units=4))
    before = own_code(entry(architecture="nets:net"))
    assert len(before) == 16
    assert own_code(entry(architecture="nets:other")) == before
    Path("nets.py").write_text('"""My network."""\n' + OWN.format(units="(4)  # as before\n"))
    assert own_code(entry(architecture="nets:net")) == before
    Path("nets.py").write_text(OWN.format(units=5))
    assert own_code(entry(architecture="nets:net")) != before
    assert own_code(entry(architecture="no_such_nets:net")) == "missing"


@pytest.mark.parametrize(
    "imported",
    ["from .deep.nets import net", "from mine.deep.nets import other as net", "from .deep import *"],
)
def test_a_function_is_followed_to_the_file_that_defines_it(tmp_path, monkeypatch, imported):
    monkeypatch.chdir(tmp_path)
    Path("mine/deep").mkdir(parents=True)
    Path("mine/__init__.py").write_text(imported)
    Path("mine/deep/__init__.py").write_text("from .nets import *\nfrom ..unrelated import helper\n")
    for name in ("mine/deep/nets.py", "mine/unrelated.py"):
        Path(name).write_text(OWN.format(units=4))
    before = own_code(entry(architecture="mine:net.of_class"))
    Path("mine/unrelated.py").write_text(OWN.format(units=5))
    assert own_code(entry(architecture="mine:net.of_class")) == before
    Path("mine/deep/nets.py").write_text(OWN.format(units=5))
    assert own_code(entry(architecture="mine:net.of_class")) != before


def test_networks_without_own_code_have_no_digest():
    assert own_code(entry()) == own_code(entry(architecture="resnet18")) == ""


def test_a_broken_user_module_is_reported_with_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("nets.py").write_text(OWN.format(units="4)"))
    with pytest.raises(StudyError, match=r"networks\.net\.architecture: 'nets' .*SyntaxError: .*, line 5"):
        list_layers("net", entry(architecture="nets:net"), tmp_path / "layers")


def test_a_network_that_cannot_be_built_is_not_cached(tmp_path):
    with pytest.raises(
        StudyError, match=r"networks\.net\.architecture: .*'resnet81'; did you mean 'resnet18'"
    ):
        list_layers("net", entry(architecture="resnet81"), tmp_path / "layers")
    assert not (tmp_path / "layers").exists()
