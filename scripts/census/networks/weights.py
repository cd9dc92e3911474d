"""Read weights from any source, load them into networks, and write them as safetensors."""

import collections
import hashlib
import json
import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from census.errors import StudyError, nearest
from census.jobs import LOGGER
from census.networks.checkpoints import Inert, read_checkpoint
from census.networks.efficientnet import efficientnet_names
from census.networks.internals import set_versions, versions
from census.networks.matching import COUNTER, EXTRA_STATE, find_state, kind_of, ties
from census.networks.operators import torchvision_ready

# the fire modules of SqueezeNet 1.1, with their index in torchvision's `features`
FIRE_MODULES = {2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12}
# names of batch normalization and convolution in the layers of DenseNets before torch forbade dots in them
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
_PLAIN_STATE = "let get_extra_state return a tensor, or numbers and texts"


def write_weights(state: Mapping[str, Any], path: Path, metadata: Mapping[str, str]) -> None:
    """Write a state dict as safetensors, atomically.

    Parameters
    ----------
    state : tensors by name; extra state of modules may also consist of numbers and strings, in lists and
        mappings.
    path : the file to write.
    metadata : strings by name: the source of the weights, and ``step``, the number of training steps.

    Raises
    ------
    StudyError : a value cannot be stored.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tensors: dict[str, Tensor] = {}
    extra: dict[str, Any] = {}
    storages = set()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            extra[name] = value
            if not _survives_json(value):
                raise StudyError(
                    f"extra state {name!r} is {kind_of(value)}, which cannot be kept; {_PLAIN_STATE}"
                )
            continue
        if value.layout != torch.strided or value.is_quantized or value.dtype == torch.complex128:
            raise StudyError(
                f"the tensor {name!r} ({value.dtype}, {value.layout}) cannot be kept; make it a plain one"
            )
        value = value.detach().contiguous().cpu()
        # safetensors stores no shared memory; a tied tensor is written twice
        storage = value.untyped_storage().data_ptr()
        tensors[name] = value.clone() if storage in storages else value
        storages.add(storage)
    if extra:
        metadata = {**metadata, EXTRA_STATE: json.dumps(extra)}
    # save_file of safetensors creates a file that only its owner may read
    partial.write_bytes(save(tensors, dict(metadata)))
    partial.replace(path)


def _survives_json(value: Any) -> bool:
    try:
        back = json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return False
    # as text, because 1 == 1.0 == True, and keys of mappings may have become strings
    return repr(back) == repr(value)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load weights from a file of :func:`write_weights` into a network, in place.

    Raises
    ------
    StudyError : the file is damaged, or its tensors do not fit the network.
    """
    state = read_checkpoint(path)
    with safe_open(path, framework="pt") as file:
        state |= json.loads((file.metadata() or {}).get(EXTRA_STATE, "{}"))
    fit_state(network, state, str(path))


def step_of_weights(path: Path) -> int | None:
    """Return the training step of weights; None if they were not trained in this study."""
    with safe_open(path, framework="pt") as file:
        step = (file.metadata() or {}).get("step")
    return None if step is None else int(step)


def digest_of_weights(path: Path) -> str:
    """Return the sha256 of a file of weights."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path: Path, network: nn.Module) -> dict[str, Any]:
    """Read a network's state dict from a file, without running code from the file.

    In checkpoints, the state dict is found by the names and shapes of the network's tensors. Prefixes of its
    names are removed.

    Raises
    ------
    StudyError : the file cannot be read, or holds no tensors or several state dicts.
    """
    return find_state(read_checkpoint(path), network.state_dict(), str(path))


def fit_state(network: nn.Module, state: Mapping[str, Any], source: str) -> None:
    """Load a state dict into a network, in place.

    Floating-point tensors are converted to the network's precision, and the log reports this. If several
    names share one tensor, one of them suffices. Modules may convert names of their earlier versions.

    Raises
    ------
    StudyError : names, shapes or types do not fit the network; the message names the first difference.
    """
    own = network.state_dict()
    given = collections.OrderedDict((_current_name(name, own), value) for name, value in state.items())
    _fill_in_ties(given, own, source)
    common = [name for name in own if name in given]
    missing, unexpected = own.keys() - given.keys(), given.keys() - own.keys()
    fault = next((fault for name in common if (fault := _fault(name, given[name], own[name]))), None)
    failure = None
    if fault is None:
        # current names go with the modules' current versions
        found = versions(own if not missing | unexpected else state)
        if found is not None:
            set_versions(given, found)
        try:
            result = network.load_state_dict(given, strict=False)
            missing, unexpected = set(result.missing_keys), set(result.unexpected_keys)
        except Exception as error:  # modules may override loading
            failure = error
    lacking = [name for name in own if name in missing and not name.endswith(COUNTER)]
    if lacking:
        fault = (
            f"{len(lacking)} tensors of the network are missing, the first is {lacking[0]!r}"
            f"{nearest(lacking[0], given)}"
        )
    elif unexpected:
        name = next(name for name in given if name in unexpected)
        fault = f"the network has no tensor {name!r}{nearest(name, own)}"
    elif failure is not None:
        fault = f"the network cannot load these weights: {failure}"
    if fault is not None:
        raise StudyError(f"{source}: {fault}") from failure
    brought = {
        f"{given[name].dtype} to {own[name].dtype}"
        for name in common
        if isinstance(own[name], Tensor) and given[name].dtype != own[name].dtype
    }
    if brought:
        LOGGER.info("%s: converted tensors from %s", source, ", ".join(sorted(brought)))


def _current_name(name: str, own: Mapping[str, Any]) -> str:
    """Return the current name of a tensor from torchvision's early files of DenseNets."""
    current = _OLD_DENSENET.sub(r"\1\2", name)
    return current if name not in own and current in own else name


def _fill_in_ties(given: dict[str, Any], own: Mapping[str, Any], source: str) -> None:
    """Add the missing names of tied tensors, in place."""
    for names in ties(own):
        known = [name for name in names if name in given]
        for name in known[1:]:
            if not torch.equal(given[known[0]], given[name]):
                raise StudyError(
                    f"{source}: {known[0]!r} and {name!r} are one tensor in the network, and differ here; "
                    "check the architecture"
                )
        if known:
            given |= dict.fromkeys(names, given[known[0]])


def _fault(name: str, value: Any, own: Any) -> str | None:
    """Return the reason why a value does not fit the network's tensor; None if it fits."""
    if isinstance(own, Tensor) and not isinstance(value, Tensor):
        return f"{name!r} is no plain tensor, but {kind_of(value)}; save plain tensors"
    if not isinstance(own, Tensor):
        odd = next(_inert_in(value), None)
        return (
            None
            if odd is None
            else f"{name!r} holds {kind_of(odd)}, which only code can restore; {_PLAIN_STATE}"
        )
    if value.shape != own.shape:
        return (
            f"{name!r} has the shape {tuple(value.shape)}, the network's {tuple(own.shape)}; "
            "check the architecture and the number of classes"
        )
    if own.is_floating_point() > value.is_floating_point() or value.is_complex() != own.is_complex():
        return (
            f"{name!r} is of {value.dtype}, the network's of {own.dtype}; give weights from before they were "
            "quantized or converted"
        )
    if not own.is_floating_point() and not torch.equal(value.to(own.dtype).to(value.dtype), value):
        return f"{name!r} has values that {own.dtype} cannot hold; check the architecture"
    return None


def _inert_in(value: Any) -> Iterator[Inert]:
    """Yield the objects in a value that were not restored."""
    if isinstance(value, Inert):
        yield value
    elif isinstance(value, Mapping | list | tuple | set):
        for each in [*value, *(value.values() if isinstance(value, Mapping) else ())]:
            yield from _inert_in(each)


def torchvision_state(architecture: str, name: str, key: str) -> dict[str, Tensor]:
    """Download torchvision's published weights of a network, and check their digest.

    Parameters
    ----------
    architecture : name in torchvision.models.
    name : name of the weights, or ``DEFAULT``.
    key : the network's key in the config, for messages.

    Raises
    ------
    StudyError : there are no such weights, or they cannot be downloaded.
    """
    torchvision_ready()
    from torchvision import models

    weights = models.get_model_weights(architecture)
    if name not in weights.__members__:
        raise StudyError(
            f"networks.{key}.weights: torchvision has no weights {name!r} for {architecture}"
            f"{nearest(name, weights.__members__)}"
        )
    try:
        return weights[name].get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        raise StudyError(
            f"networks.{key}.weights: torchvision's weights cannot be downloaded ({error}); "
            "check the network, or give the path of a file"
        ) from error


_RECONSTRUCT = np.empty(0).__reduce__()[0]  # how numpy pickles arrays


class _ArraysOnly(pickle.Unpickler):
    """Unpickle containers, numbers and numpy arrays; refuse everything else."""

    ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("collections", "OrderedDict"): collections.OrderedDict,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which is not an array")
        return self.ADMITTED[module, name]


def squeezenet_state(pickled: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Convert the Caffe weights of SqueezeNet 1.1 to torchvision's names and layout.

    Parameters
    ----------
    pickled : a pickle of ``{layer: (kernel, bias)}`` with float32 kernels (height, width, inputs, units).

    Returns
    -------
    the state dict for torchvision's ``squeezenet1_1``.

    Raises
    ------
    StudyError : the pickle holds anything but arrays.
    """
    try:
        with open(pickled, "rb") as file:
            arrays = _ArraysOnly(file, encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise StudyError(f"{pickled} is not loaded: {error}") from error
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    for fire, place in FIRE_MODULES.items():
        for part in ("squeeze1x1", "expand1x1", "expand3x3"):
            names[f"fire{fire}/{part}"] = f"features.{place}.{part.replace('squeeze1x1', 'squeeze')}"
    state = {}
    for caffe, torch_name in names.items():
        kernel, bias = arrays[caffe]
        state[f"{torch_name}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
        state[f"{torch_name}.bias"] = torch.from_numpy(np.ascontiguousarray(bias))
    return state


def efficientnet_state(checkpoint: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Convert an EfficientNet-PyTorch checkpoint of EfficientNet-Lite0 to this library's names.

    Parameters
    ----------
    checkpoint : a state dict saved by torch.

    Raises
    ------
    StudyError : the file cannot be read, or holds other tensors.
    """
    names = efficientnet_names()
    state = {}
    for name, value in read_checkpoint(Path(checkpoint)).items():
        module, _, kind = name.rpartition(".")
        if module not in names:
            raise StudyError(f"{checkpoint}: {name!r} is no tensor of EfficientNet-Lite0")
        state[f"{names[module]}.{kind}"] = value
    return state


# functions that convert fetched weights to a state dict, by name in the config
CONVERTERS: dict[str, Callable[[str | os.PathLike[str]], dict[str, Tensor]]] = {
    "squeezenet1_1-caffe": squeezenet_state,
    "efficientnet-lite0-tensorflow": efficientnet_state,
}


def fetched_state(name: str, folder: Path) -> dict[str, Tensor]:
    """Read fetched weights as a state dict of their architecture.

    Parameters
    ----------
    name : a key of :data:`CONVERTERS`.
    folder : folder of the fetched file.

    Raises
    ------
    StudyError : the file has unexpected content.
    """
    (file,) = folder.glob("[!.]*")  # Snakemake keeps a hidden file next to it
    return CONVERTERS[name](file)
