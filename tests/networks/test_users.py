"""User modules may have any name, and come from the working folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from census.errors import StudyError
from census.networks.build import build
from census.networks.users import file_of

SCRIPTS = Path(__file__).parents[2] / "scripts"
NETWORK = """
from torch import nn
from {sibling} import WIDTH


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.fc = nn.Linear(12, WIDTH)

    def forward(self, x):
        return self.fc(x.flatten(1))

    @classmethod
    def broken(cls):
        return cls(**cls.missing)


def function():
    return Net()


net = Net()
"""


def entry(architecture, **arguments):
    image = {"size": 2, "color": "RGB"}
    return {
        "architecture": architecture,
        "arguments": arguments,
        "classes": 3,
        "weights": "random",
        "input": image,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, with a module beside the network's that is called as one of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("weights.py").write_text("WIDTH = 3\n")
    return tmp_path


# in the order of the scripts, of Python and of what is installed
@pytest.mark.parametrize("name", ["train", "tables", "fetch", "code", "numbers", "yaml", "nets.train"])
def test_a_module_may_have_any_name(folder, name):
    loaded = {top: sys.modules.get(top) for top in ("code", "numbers", "yaml", "train", "tables")}
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(NETWORK.format(sibling="weights"))
    assert file_of(name) == path
    for part in ("Net", "function", "net"):
        assert build(entry(f"{name}:{part}"), seed=0).fc.out_features == 3
    # what was loaded under its name before is so still
    for top, module in loaded.items():
        assert module is None or sys.modules[top] is module


def test_it_is_found_before_the_scripts_where_these_are_found_first(folder):
    (folder / "train.py").write_text(NETWORK.format(sibling="weights"))
    program = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"  # as Snakemake has it
        "from census.networks.build import build\n"
        "from census.planning.listing import own_code\n"
        f"print(build({entry('train:Net')!r}, 0).fc.out_features, own_code({entry('train:Net')!r}))\n"
        "import importlib.util\n"
        "print(importlib.util.find_spec('tables').origin)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert ended.returncode == 0, ended.stderr
    built, script = ended.stdout.splitlines()
    assert built.startswith("3 ")
    assert "missing" not in built
    assert script == str(SCRIPTS / "tables.py")


def test_an_edit_counts_at_once(folder):
    module = folder / "nets.py"
    module.write_text(NETWORK.format(sibling="weights"))
    first = build(entry("nets:Net"), seed=0)
    assert type(build(entry("nets:Net"), seed=0)) is type(first)  # nothing is imported twice
    state = module.stat()
    module.write_text(NETWORK.format(sibling="weights").replace("Linear(12", "Linear(13"))
    os.utime(module, ns=(state.st_atime_ns, state.st_mtime_ns + 1000))  # within the second
    assert build(entry("nets:Net"), seed=0).fc.in_features == 13
    (folder / "weights.py").write_text("WIDTH = 41\n")
    assert build(entry("nets:Net"), seed=0).fc.out_features == 41


def test_a_network_that_stands_there_is_not_changed(folder):
    (folder / "nets.py").write_text(NETWORK.format(sibling="weights"))
    first = build(entry("nets:net"), seed=0)
    with torch.no_grad():
        first.fc.weight.zero_()
    assert build(entry("nets:net"), seed=0).fc.weight.any()
    with pytest.raises(StudyError, match=r"networks\.n\.arguments: 'nets:net' is a network"):
        build(entry("nets:net", classes=4), seed=0, key="n")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            NETWORK.format(sibling="weights"),
            r"'nets:Net\.broken' cannot be built: AttributeError: .*missing.*; .*nets\.py:16",
        ),
        ("import no_such_package\n", r"No module named 'no_such_package'; .*nets\.py:1\)"),
        ("class Net(:\n", r"SyntaxError: .*nets\.py, line 1"),
        ("import sys\nsys.exit(2)\n", r"SystemExit: 2; .*nets\.py:2"),
    ],
)
def test_a_fault_is_told_with_file_and_line(folder, code, message):
    (folder / "nets.py").write_text(code)
    with pytest.raises(StudyError, match=r"networks\.n.*" + message):
        build(entry("nets:Net.broken"), seed=0, key="n")
