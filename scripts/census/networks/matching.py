"""Find a network's state dict in a checkpoint, from the names and shapes of the network's tensors.

Training scripts store the state dict under a key of their choice, next to optimizers and averages. Wrappers
add a prefix to its names. Both are parts of a tensor's path in the checkpoint. The path ends with the
tensor's name in the network, and the part before that name is the same for all tensors.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from census.errors import StudyError
from census.jobs import LOGGER
from census.networks.checkpoints import Inert

Path = tuple[str, ...]

EXTRA_STATE = "_extra_state"
# counters that old checkpoints lack and that evaluation does not use
COUNTER = "num_batches_tracked"
# attribute names of the network in torch's wrappers: DataParallel, compile, FSDP, checkpointing
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
# words in the paths of averaged weights and of slowly updated copies
_AVERAGES = {"ema", "avg", "average", "averaged", "swa", "shadow", "teacher", "momentum", "target", "k"}


class _Leaf(NamedTuple):
    """A value in a checkpoint.

    Attributes
    ----------
    path : the keys that lead to the value, split at dots.
    value : the value.
    home : path of the state dict, or other container, that holds the value.
    """

    path: Path
    value: Any
    home: Path

    @property
    def counts(self) -> bool:
        return isinstance(self.value, Tensor) or self.path[-1] == EXTRA_STATE


class _Set(NamedTuple):
    """Values whose paths end with names of the network's tensors and have a common prefix.

    Attributes
    ----------
    before : the prefix.
    own : the values, by name in the network.
    others : further tensors below the same prefix, in the same mappings, by name.
    beside : further tensors in these mappings.
    """

    before: Path
    own: dict[str, _Leaf]
    others: dict[str, _Leaf]
    beside: list[_Leaf]

    @property
    def label(self) -> str:
        return repr(".".join(self.before)) if self.before else "the top level"

    @property
    def is_average(self) -> bool:
        return not _AVERAGES.isdisjoint(re.split(r"[^a-z]+", ".".join(self.before).lower()))


def is_extra_state(name: str) -> bool:
    """Return whether a name in a state dict belongs to the extra state of a module."""
    return name.rpartition(".")[2] == EXTRA_STATE


def ties(own: Mapping[str, Any]) -> list[list[str]]:
    """Return the groups of names in a network's state dict that share one tensor."""
    groups = defaultdict(list)
    for name, value in own.items():
        if isinstance(value, Tensor) and value.numel():
            view = (value.data_ptr(), value.dtype, value.shape, value.stride())
            groups[view].append(name)
    return [names for names in groups.values() if len(names) > 1]


def find_state(checkpoint: Any, own: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the state dict of a network from a checkpoint, under the network's names.

    The log names the state dict that was chosen, the candidates, and how names were matched.

    Parameters
    ----------
    checkpoint : as :func:`census.networks.checkpoints.read_checkpoint` returns it.
    own : the network's state dict.
    source : where the checkpoint comes from, for messages.

    Returns
    -------
    the state dict that fits; if none fits, the one that has most in common with the network.

    Raises
    ------
    StudyError : the checkpoint holds no tensors, several state dicts that fit, or more other tensors than
        fitting ones.
    """
    leaves = [leaf for leaf in _leaves(checkpoint, set()) if leaf.path]
    if not any(isinstance(leaf.value, Tensor) or _is_quantized(leaf.value) for leaf in leaves):
        keys = ", ".join(map(repr, list(checkpoint)[:5])) if isinstance(checkpoint, Mapping) else ""
        held = f"has the keys {keys}" if keys else f"is {kind_of(checkpoint)}"
        raise StudyError(f"{source} holds no tensors by name: it {held}; save the network's state dict")
    sets: list[_Set] = []
    for names, bare, prefixed in _readings(own):
        read = _sets(leaves, names, bare, prefixed)
        complete = [each for each in read if _is_complete(each, own)]
        paths = {leaf.path for each in complete for leaf in each.own.values()}
        fitting = [each for each in complete if paths.issuperset(leaf.path for leaf in each.others.values())]
        if fitting:
            return {name: leaf.value for name, leaf in _chosen(fitting, source).own.items()}
        sets += read
    quantized = next((leaf for leaf in leaves if _is_quantized(leaf.value)), None)
    if quantized is not None:
        raise StudyError(
            f"{source}: {'.'.join(quantized.path)!r} is quantized; give weights that are not quantized"
        )
    if sets:
        best = max(sets, key=lambda each: (_in_common(each, own), -len(each.before)))
        return {name: leaf.value for name, leaf in (best.own | best.others).items()}
    # no name matches: report on the mapping with most tensors
    homes: dict[Path, dict[str, Any]] = defaultdict(dict)
    for leaf in leaves:
        if leaf.counts:
            homes[leaf.home][".".join(leaf.path[len(leaf.home) :])] = leaf.value
    return max(homes.values(), key=len)


def kind_of(value: Any) -> str:
    """Return the kind of a value in place of a tensor, for messages."""
    return (
        f"an object that {value.name} makes"
        if isinstance(value, Inert)
        else f"of type {type(value).__name__}"
    )


def _leaves(
    value: Any, seen: set[int], path: Path = (), home: Path = (), above: Collection[int] = ()
) -> Iterator[_Leaf]:
    """Yield all values of a checkpoint, to any depth.

    Parameters
    ----------
    seen : ids of visited objects, because objects may refer to each other.
    above : ids of the containers around the value.
    """
    if id(value) in above or id(value) in seen:
        return
    if isinstance(value, Inert):
        seen.add(id(value))
    parts: list[tuple[Path, Any]] = []
    if path and path[-1] == EXTRA_STATE:
        yield _Leaf(path, value, home)
    elif _is_module(value):
        parts = list(_parts_of_module(value))
    elif isinstance(value, Mapping):
        parts = [(tuple(str(key).split(".")), each) for key, each in value.items()]
        if isinstance(value, Inert):
            yield _Leaf(path, value, home)
            parts += [((), value.state)] if isinstance(value.state, Mapping | list | tuple) else []
    elif isinstance(value, list | tuple):
        parts = [((str(index),), each) for index, each in enumerate(value)]
    else:
        yield _Leaf(path, value, home)
    for part, each in parts:
        yield from _leaves(each, seen, (*path, *part), path, {*above, id(value)})


def _is_quantized(value: Any) -> bool:
    return isinstance(value, Inert) and value.name.endswith("._rebuild_qtensor")


def _is_module(value: Any) -> bool:
    return isinstance(value, Inert) and isinstance(value.state, dict) and "_parameters" in value.state


def _parts_of_module(module: Inert, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the state dict of a module that was saved as a whole."""
    passing = module.state.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for name, value in module.state[kind].items():
            if value is not None and (kind == "_parameters" or name not in passing):
                yield (*path, name), value
    for name, child in module.state["_modules"].items():
        if _is_module(child):
            yield from _parts_of_module(child, (*path, name))


def _readings(own: Collection[str]) -> Iterator[tuple[dict[Path, str], Callable[[Path], Path], bool]]:
    """Yield ways to compare names, the strictest first.

    Names of torch's wrappers may occur anywhere in a path. The file may also lack the common prefix of the
    network's names, because it was saved from a network that this one only wraps.

    Yields
    ------
    names : the network's names by path.
    compared : function that returns the parts of a path that are compared.
    prefixed : whether names in the file may have a prefix.
    """
    paths = {name: tuple(name.split(".")) for name in own}
    shared = 0
    while (
        len({path[: shared + 1] for path in paths.values()}) == 1
        and min(map(len, paths.values())) > shared + 1
    ):
        shared += 1
    for start in range(shared + 1):
        for bare in (_all_parts, _without_wrappers):
            names = {bare(path[start:]): name for name, path in paths.items()}
            if len(names) == len(paths):
                yield names, bare, not start


def _all_parts(path: Path) -> Path:
    return path


def _without_wrappers(path: Path) -> Path:
    return tuple(part for part in path if part not in _WRAPPERS)


def _sets(
    leaves: Collection[_Leaf], names: Mapping[Path, str], bare: Callable[[Path], Path], prefixed: bool
) -> list[_Set]:
    """Return the sets of values whose paths end with the network's names."""
    found: dict[Path, dict[str, _Leaf]] = defaultdict(dict)
    twice: dict[Path, list[_Leaf]] = defaultdict(list)
    for leaf in leaves:
        for start in range(len(leaf.path)):
            name = names.get(bare(leaf.path[start:]))
            if name is None or not bare(leaf.path[start : start + 1]):
                continue
            before = leaf.path[:start]
            while before and not bare(before[-1:]):  # the network's own wrappers
                before = before[:-1]
            if len(before) > len(leaf.home) and not prefixed:
                continue
            if name in found[before]:
                twice[before].append(leaf)
            else:
                found[before][name] = leaf
    sets = []
    for before, by_name in found.items():
        own = {name: by_name[name] for name in names.values() if name in by_name}
        homes, taken = {leaf.home for leaf in own.values()}, {leaf.path for leaf in own.values()}
        others = {".".join(leaf.path): leaf for leaf in twice[before]}
        beside = []
        for leaf in leaves:
            if leaf.home in homes and leaf.path not in taken and leaf.counts:
                if leaf.path[: len(before)] == before:
                    others[".".join(bare(leaf.path[len(before) :]))] = leaf
                else:
                    beside.append(leaf)
        sets.append(_Set(before, own, others, beside))
    return sets


def _is_complete(found: _Set, own: Mapping[str, Any]) -> bool:
    """Return whether a set has all of the network's tensors, in their shapes."""
    given = set(found.own)
    for names in ties(own):
        if not given.isdisjoint(names):
            given.update(names)
    missing = [name for name in own if name not in given and not name.endswith(COUNTER)]
    return not missing and _in_common(found, own) == len(found.own)


def _in_common(found: _Set, own: Mapping[str, Any]) -> int:
    """Return how many of the network's tensors a set has in the right shape."""
    return sum(
        is_extra_state(name) or (isinstance(leaf.value, Tensor) and leaf.value.shape == own[name].shape)
        for name, leaf in found.own.items()
    )


def _chosen(fitting: list[_Set], source: str) -> _Set:
    """Return the set that is no average of weights, and log its path."""
    plain = [each for each in fitting if not each.is_average] or fitting
    taken = plain[0]
    for other in plain[1:]:
        if not all(
            _equal(leaf.value, other.own[name].value) for name, leaf in taken.own.items() if name in other.own
        ):
            raise StudyError(
                f"{source} holds {len(plain)} sets of weights that fit the network, such as those at "
                f"{taken.label} and at {other.label}; save only the one to use"
            )
    fit = {leaf.path for each in fitting for leaf in each.own.values()}
    rest = [leaf for leaf in taken.beside if leaf.path not in fit]
    if len(rest) > len(taken.own):
        raise StudyError(
            f"{source} holds {len(taken.own)} tensors that fit the network, at {taken.label}, but "
            f"{len(rest)} others next to them, such as {'.'.join(rest[0].path)!r}; check the architecture, "
            "or save only the network's state dict"
        )
    name, leaf = next(iter(taken.own.items()))
    was = ".".join(leaf.path)
    if was != name:
        LOGGER.info("%s: names are matched as %r to the network's %r", source, was, name)
    if len(fitting) > 1:
        others = ", ".join(each.label for each in fitting if each is not taken)
        LOGGER.info("%s: weights are taken from %s; those at %s fit, too", source, taken.label, others)
    if rest:
        LOGGER.info("%s: %d other tensors are ignored, such as %r", source, len(rest), ".".join(rest[0].path))
    return taken


def _equal(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if isinstance(one, Tensor) and isinstance(other, Tensor) else one == other
