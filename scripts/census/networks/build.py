"""Build the network of a config entry: from this library, torchvision, a hub, or the user's code."""

import copy
import importlib
import sys
import traceback
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from census.errors import StudyError, nearest
from census.jobs import LOGGER
from census.networks.architectures import OWN
from census.networks.hubs import build_from_hub, hub_of
from census.networks.internals import original_of, run_compiled_as_written
from census.networks.operators import torchvision_ready
from census.networks.users import SCRIPTS, file_of, working_folder_first

# torchvision's builders set this for their ImageNet weights, which were trained with it
TRANSFORM_INPUT = {"googlenet", "inception_v3"}
# folders of code that is not the user's, even inside the working folder
INSTALLED = (sys.prefix, str(SCRIPTS))
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
# precisions that are converted to float32
OTHER_FLOATS = (torch.float64, torch.float16, torch.bfloat16)


def channels_of(color: str) -> int:
    """Return the number of channels of an input image: 1 for ``gray``, else 3."""
    return 1 if color == "gray" else 3


def build(entry: Mapping[str, Any], seed: int, key: str = "network") -> nn.Module:
    """Build a network with seeded random weights, in evaluation mode and in float32.

    Wrappers that only run a network, such as DataParallel and torch.compile, are removed.

    Parameters
    ----------
    entry : the network's entry in the config, defaults filled in.
    seed : seed of the random weights.
    key : the entry's key in the config, for messages.

    Returns
    -------
    the network; its weights depend on ``entry`` and ``seed`` only.

    Raises
    ------
    StudyError : the architecture does not exist, does not take these arguments, or has operations that cannot
        be observed.
    """
    architecture, arguments = entry["architecture"], dict(entry["arguments"])
    channels, size = channels_of(entry["input"]["color"]), entry["input"]["size"]
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed)
        # GoogLeNet and Inception warn about the initialization of their random weights
        warnings.filterwarnings("ignore", message="The default weight initialization")
        try:
            if architecture in OWN:
                own = {"channels": channels, "size": size, "classes": entry["classes"]}
                network = OWN[architecture](**(own | arguments))
            elif hub_of(architecture):
                network = build_from_hub(entry, arguments, channels, key)
            elif ":" in architecture:
                network = _users_own(architecture, arguments, key)
            else:
                network = _torchvision(entry, arguments, key)
        except StudyError:
            raise
        except Exception as error:  # whatever a builder raises
            raise StudyError(
                f"networks.{key}: architecture {architecture!r} cannot be built: {_reason(error, '')}"
            ) from error
        return made_plain(network, torch.zeros(2, channels, size, size), architecture, key)


def _torchvision(entry: Mapping[str, Any], arguments: dict[str, Any], key: str) -> nn.Module:
    torchvision_ready()
    from torchvision import models

    name = entry["architecture"]
    known = models.list_models(module=models)
    if name not in known:
        hint = nearest(name, [*known, *OWN])
        raise StudyError(f"networks.{key}.architecture: there is no network {name!r}{hint}")
    if entry["weights"].startswith("torchvision:") and name in TRANSFORM_INPUT:
        arguments = {"transform_input": True} | arguments
    return models.get_model(name, weights=None, **({"num_classes": entry["classes"]} | arguments))


def _imported(name: str) -> ModuleType:
    """Import a module, and make torchvision importable before only where the module asks for it.

    Importing torchvision takes a second, and most user networks do not need it.
    """
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        torchvision_ready()
        return importlib.import_module(name)


def _users_own(reference: str, arguments: Mapping[str, Any], key: str) -> Any:
    """Return the network built by the user's function or class, or a copy of the user's network."""
    where = f"networks.{key}.architecture"
    module_name, _, name = reference.partition(":")
    with working_folder_first(module_name):
        try:
            found: Any = _imported(module_name)
        except (Exception, SystemExit) as error:  # whatever the user's code raises
            raise StudyError(
                f"{where}: {module_name!r} cannot be imported ({_reason(error, module_name)}); "
                "correct it, put it into the working folder, or install its package"
            ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            hint = nearest(part, [each for each in vars(found) if not each.startswith("_")])
            raise StudyError(f"{where}: {module_name} has no {name!r}{hint}")
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        if arguments:
            raise StudyError(f"networks.{key}.arguments: {reference!r} is a network, and takes no arguments")
        return copy.deepcopy(found)
    if not callable(found):
        raise StudyError(f"{where}: {reference!r} gave no torch.nn.Module, and cannot be called to make one")
    with working_folder_first():
        try:
            return found(**arguments)
        except (Exception, SystemExit) as error:
            raise StudyError(
                f"networks.{key}: architecture {reference!r} cannot be built: {_reason(error, module_name)}"
            ) from error


def _reason(error: BaseException, module: str) -> str:
    """Return the message of an error, with the line of the user's code that raised it."""
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    file, folder = file_of(module) if module else None, Path.cwd()
    own = [
        f"{frame.filename}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file
        or (Path(frame.filename).is_relative_to(folder) and not frame.filename.startswith(INSTALLED))
    ]
    return f"{message}; {own[-1]}" if own and module else message


def made_plain(network: Any, images: Tensor, architecture: str, key: str) -> nn.Module:
    """Return a network whose operations can be observed, on the CPU and in evaluation mode.

    Parameters
    ----------
    network : changed in place.
    images : tensor of float, zeros in the shape of the network's input.
    architecture : the network's name in messages.
    key : the network's key in the config, for messages.

    Raises
    ------
    StudyError : the network's operations cannot be observed, or its weights have no values.
    """
    where = f"networks.{key}.architecture: {architecture!r}"
    _refuse_opaque([("", network)], architecture, key)
    if not isinstance(network, nn.Module):
        raise StudyError(f"{where} gave no torch.nn.Module, but {type(network).__name__}")
    network = _unwrapped(network)
    _refuse_opaque(network.named_modules(), architecture, key)
    run_compiled_as_written(network)
    tensors = [*network.parameters(), *network.buffers()]
    if any(tensor.is_meta for tensor in tensors):
        raise StudyError(f"{where} has weights on the meta device, which have no values; build it on the CPU")
    other = {str(tensor.dtype) for tensor in tensors if tensor.dtype in OTHER_FLOATS}
    if other:
        LOGGER.info("%s: converted %s weights to float32", where, ", ".join(sorted(other)))
        network.float()
    network.cpu().eval()
    if any(map(is_lazy, tensors)):
        try:
            with torch.no_grad():
                network(images)
        except Exception as error:  # whatever a forward raises
            shape = "×".join(map(str, images.shape[1:]))
            raise StudyError(
                f"{where} has lazy modules, and cannot be run on an image of {shape} to find their shapes: "
                f"{_reason(error, architecture.partition(':')[0])}"
            ) from error
        unknown = [name for name, tensor in network.named_parameters() if is_lazy(tensor)]
        if unknown:
            raise StudyError(f"{where} has lazy modules that its forward does not call: {unknown[0]!r}")
    return network


def _unwrapped(network: nn.Module) -> nn.Module:
    """Return a network without the wrappers around it and around its modules."""

    def inner(module: nn.Module) -> nn.Module:
        wrapped = module.module if isinstance(module, WRAPPERS) else original_of(module)
        return inner(wrapped) if isinstance(wrapped, nn.Module) else module

    network = inner(network)
    # inner wrappers first, because their paths contain the outer ones
    for path, module in reversed(list(network.named_modules(remove_duplicate=False))):
        if path and inner(module) is not module:
            parent, _, name = path.rpartition(".")
            setattr(network.get_submodule(parent), name, inner(module))
    return network


def _refuse_opaque(modules: Iterable[tuple[str, Any]], architecture: str, key: str) -> None:
    """Raise an error for the first module that hides its operations or has no weights in float32."""
    for name, module in modules:
        made_in = {each.__module__ for each in type(module).__mro__}
        if isinstance(module, torch.jit.ScriptModule):
            fault = "a TorchScript module, whose operations do not run in Python"
        elif any(each.startswith("torch.export") for each in made_in):
            fault = "an exported program, whose modules and operations have lost their names"
        elif any(".quantized" in each for each in made_in):
            fault = "a quantized module, which has no weights in float32"
        else:
            continue
        part = f"module {name!r} of {architecture!r}" if name else repr(architecture)
        raise StudyError(f"networks.{key}.architecture: {part} is {fault}; give the original network")
