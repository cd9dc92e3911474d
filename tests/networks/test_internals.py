"""Undocumented parts of torch: they work as expected, and no others are used."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from census.networks import internals

SCRIPTS = Path(__file__).parents[2] / "scripts"
ATEN = torch.ops.aten
NAMED_TUPLES = {"_asdict", "_fields", "_make", "_replace"}


def private_names(path: Path) -> list[str]:
    """Return the private modules, names and attributes of other libraries that a file uses."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            own = ast.unparse(node.value) in ("self", "cls", "super()") or node.attr in NAMED_TUPLES
            names = [] if own else [f".{node.attr}"]
        else:
            continue
        found += [name for name in names if re.search(r"\._(?!_)|^zarr\.core", name)]
    return [name for name in found if not name.startswith("census.")]


@pytest.mark.parametrize(
    "path", sorted(SCRIPTS.rglob("*.py")), ids=lambda path: str(path.relative_to(SCRIPTS))
)
def test_only_one_module_uses_what_is_private(path):
    found = private_names(path)
    assert bool(found) == (path == Path(internals.__file__)), found


def test_defaults_of_arguments():
    found = internals.argument_defaults(ATEN.flatten.using_ints)
    assert found == {"self": None, "start_dim": 0, "end_dim": -1}


def test_operations_that_write():
    assert internals.writes(ATEN.relu_.default)
    assert not internals.writes(ATEN.relu.default)
    assert list(internals.written_arguments(ATEN.add_.Tensor)) == ["self"]
    assert list(internals.written_arguments(ATEN.add.out)) == ["out"]
    # a view shares memory, and writes nothing
    assert list(internals.written_arguments(ATEN.view.default)) == []


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_views_share_memory(device):
    tensor, other = torch.zeros(2, 3, device=device), torch.zeros(2, 3, device=device)
    assert internals.memory_of(tensor) == internals.memory_of(tensor[1:].T)
    assert internals.memory_of(tensor) != internals.memory_of(other)


def test_compiled_modules_run_as_written():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    assert internals.original_of(network) is None
    assert internals.original_of(torch.compile(network)) is network
    calls = []
    network[0].compile(backend=lambda graph, inputs: calls.append(graph) or graph.forward)
    internals.run_compiled_as_written(network)
    network(torch.zeros(1, 2))
    assert calls == []


def test_versions_of_modules():
    state = nn.BatchNorm2d(3).state_dict()
    assert internals.versions(state)[""] == {"version": 2}
    assert internals.versions(dict(state)) is None
    copied = state.copy()
    internals.set_versions(copied, {"": {"version": 1}})
    assert internals.versions(copied) == {"": {"version": 1}}


def test_a_weak_dictionary_knows_a_tensor_as_long_as_anything_keeps_it():
    tensors = [torch.zeros(2), torch.zeros(2)]
    known = internals.WeakIdKeyDictionary({tensors[0]: "first", tensors[1]: "second"})
    # a view keeps the tensor in C++ only
    view = tensors[0][:1]
    tensors.clear()
    assert list(known.values()) == ["first"]
    assert known[view._base] == "first"


def test_tensors_in_containers_are_found():
    tensor = torch.zeros(1)
    assert internals.tree_leaves({"a": [tensor, (tensor, 1)]}) == [tensor, tensor, 1]


def test_unobserved_calls_reach_no_mode_for_functions():
    seen = []

    class Mode(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function.__name__)
            return function(*args, **(kwargs or {}))

    with Mode():
        with internals.unobserved():
            torch.ones(1).exp()
        torch.ones(1).sin()
    assert seen == ["ones", "sin"]
