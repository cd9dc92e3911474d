"""From a network's entry in the config to a module: the study's own, torchvision's, or the user's."""

import importlib
import os
import sys
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import nn

from census.errors import StudyError, nearest
from census.networks.architectures import OWN
from census.networks.operators import torchvision_ready

# torchvision's builders set this where they fetch ImageNet weights, which were trained so
TRANSFORM_INPUT = {"googlenet", "inception_v3"}


def channels_of(color: str) -> int:
    """Return the channels of an input image of that color order: 1 for gray, else 3."""
    return 1 if color == "gray" else 3


def build(entry: Mapping[str, Any], seed: int, key: str = "network") -> nn.Module:
    """Build a network with seeded random weights, in evaluation mode.

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
    StudyError : no such architecture, or it does not take these arguments.
    """
    architecture, arguments = entry["architecture"], dict(entry["arguments"])
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed)
        # GoogLeNet and Inception announce a default of their own random weights
        warnings.filterwarnings("ignore", message="The default weight initialization")
        try:
            if architecture in OWN:
                arguments = {
                    "channels": channels_of(entry["input"]["color"]),
                    "size": entry["input"]["size"],
                    "classes": entry["classes"],
                } | arguments
                network = OWN[architecture](**arguments)
            elif ":" in architecture:
                network = _users_own(architecture, key)(**arguments)
            else:
                network = _torchvision(entry, arguments, key)
        except (TypeError, ValueError) as error:
            raise StudyError(
                f"networks.{key}: architecture {architecture!r} cannot be built: {error}"
            ) from error
    if not isinstance(network, nn.Module):
        raise StudyError(f"networks.{key}.architecture: {architecture!r} gave no torch.nn.Module")
    return network.eval()


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

    To import torchvision takes a second, and most networks of the user's own have no part of it.
    """
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        torchvision_ready()
        return importlib.import_module(name)


def _users_own(reference: str, key: str) -> Any:
    module_name, _, function_name = reference.partition(":")
    # modules beside the config are found, as with `python -m`
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = _imported(module_name)
    except Exception as error:  # whatever the user's code raises
        raise StudyError(
            f"networks.{key}.architecture: {module_name!r} cannot be imported ({error}); "
            "put the module into the working folder, or install its package"
        ) from error
    if not hasattr(module, function_name):
        hint = nearest(function_name, [name for name in vars(module) if not name.startswith("_")])
        raise StudyError(f"networks.{key}.architecture: {module_name} has no {function_name!r}{hint}")
    return getattr(module, function_name)
