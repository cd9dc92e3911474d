"""Weights: read from anywhere without running code, and kept in one form."""

import collections
import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from census.errors import StudyError, nearest
from census.networks.operators import torchvision_ready

# the fire modules of SqueezeNet 1.1 by their place in torchvision's `features`
FIRE_MODULES = {2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12}


def write_weights(state: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Write a state dict as safetensors, whole or not at all.

    Parameters
    ----------
    state : tensors by name.
    path : where.
    metadata : text by name: where the weights come from, and ``step``, after how many steps of training.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tensors = {name: value.detach().contiguous().cpu() for name, value in state.items()}
    # safetensors' own save_file makes a file that only its owner may read
    partial.write_bytes(save(tensors, dict(metadata)))
    partial.replace(path)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load weights that :func:`write_weights` wrote into a network, in place.

    Raises
    ------
    StudyError : the file is damaged, or its tensors are not the network's.
    """
    fit_state(network, read_state(path), str(path))


def step_of_weights(path: Path) -> int | None:
    """Return the step of training after which weights were kept; None where they were not trained here."""
    with safe_open(path, framework="pt") as file:
        step = (file.metadata() or {}).get("step")
    return None if step is None else int(step)


def digest_of_weights(path: Path) -> str:
    """Return the sha256 of a file of weights."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict from a ``.safetensors``, ``.pt`` or ``.pth`` file; pickled code is not run.

    Training scripts often wrap the state dict in a checkpoint and its names in a prefix; both are undone.

    Raises
    ------
    StudyError : the file cannot be read, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StudyError(
            f"{path} holds more than tensors, and loading it would run code; "
            "save the state dict alone, torch.save(network.state_dict(), …)"
        ) from error
    except Exception as error:  # damage shows as any of a dozen types
        raise StudyError(f"{path} cannot be read as weights ({type(error).__name__}: {error})") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise StudyError(f"{path} holds no state dict")
    if all(name.startswith("module.") for name in state):  # as torch's DataParallel names them
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return dict(state)


def fit_state(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Load a state dict into a network, in place.

    Raises
    ------
    StudyError : names or shapes are not the network's; the first that differ are named.
    """
    own = network.state_dict()
    # a counter that old checkpoints lack and that evaluation does not read
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        raise StudyError(
            f"{source}: {len(missing)} tensors of the network are missing, the first is {missing[0]!r}"
            f"{nearest(missing[0], state)}"
        )
    for name, value in state.items():
        if name not in own:
            raise StudyError(f"{source}: the network has no tensor {name!r}{nearest(name, own)}")
        if value.shape != own[name].shape:
            raise StudyError(
                f"{source}: {name!r} has the shape {tuple(value.shape)}, "
                f"the network's {tuple(own[name].shape)}; check the architecture and the number of classes"
            )
    network.load_state_dict(dict(state), strict=False)


def torchvision_state(architecture: str, name: str, key: str) -> dict[str, Tensor]:
    """Download weights that torchvision publishes for one of its networks, and check their digest.

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


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that makes containers, numbers and numpy arrays, and refuses everything else."""

    ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
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
