"""Call a network, extract logits from any return value, and report the cause of failures."""

import contextlib
import traceback
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from census.errors import StudyError
from census.networks.watch import Watch, line_of_forward

Part = str | int | None


def run(
    network: nn.Module,
    images: Tensor,
    key: str = "network",
    logits: Part = None,
    watch: Watch | None = None,
) -> Tensor:
    """Call a network and return its logits.

    Parameters
    ----------
    network : in evaluation mode.
    images : preprocessed, tensor of float, shape (n, n_channels, height, width). A network may write to them.
    key : the network's key in the config, for messages.
    logits : ``networks.KEY.logits``, the part of the return value that holds the logits.
    watch : observer that is active during the call.

    Returns
    -------
    tensor of float, shape (n, n_classes).

    Raises
    ------
    StudyError : the forward fails, or returns no logits; the message names its file and line.
    Exception : any exception of the observer, such as a full disk.
    Finished : the observer needs no further steps.
    """
    try:
        if watch is None:
            answer = network(images)
        else:
            with watch:
                answer = network(images)
            if watch.failure is not None:  # the forward has caught the exception
                raise watch.failure
            watch.ended()
    except (StudyError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:  # whatever a user's forward raises
        if watch is not None and watch.failure is error:
            raise
        shape = "×".join(map(str, images.shape[1:]))
        raise StudyError(
            f"networks.{key}: the forward pass on images of {shape} fails {_place(error, network, images)} "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0]}); check networks.{key}.input, or "
            "correct the forward"
        ) from error
    return logits_of(answer, len(images), key, logits)


def _place(error: Exception, network: nn.Module, images: Tensor) -> str:
    """Return the origin of an error: file and line of the forward, or the module that was running."""
    line = line_of_forward(traceback.extract_tb(error.__traceback__))
    if line:
        return f"at {line}"
    watch = Watch(network)
    with contextlib.suppress(Exception), watch:
        network(images)
    return f"in module {watch.path!r}" if watch.path else "in the network"


def logits_of(answer: Any, n_images: int, key: str = "network", part: Part = None) -> Tensor:
    """Return the logits from the return value of a network.

    Parameters
    ----------
    answer : return value: a tensor; or an object, mapping or sequence. The latter hold the logits under the
        name ``logits``, or as their only tensor of that shape.
    n_images : number of images in the batch.
    key : the network's key in the config, for messages.
    part : name or number of the part with the logits, with dots for parts of parts; None to search for it.

    Returns
    -------
    tensor of float, shape (n_images, n_classes).

    Raises
    ------
    StudyError : there are none, or several.
    """
    if part is not None:
        value = answer
        for name in str(part).split("."):
            parts = {str(known): each for known, each in _parts(value).items()}
            if name not in parts:
                known = ", ".join(parts) or "none"
                raise StudyError(
                    f"networks.{key}.logits: the network returns no part {part!r}; its parts: {known}"
                )
            value = parts[name]
    elif isinstance(answer, Tensor):
        value = answer
    else:
        parts = _parts(answer)
        value = parts.get("logits")
        if not isinstance(value, Tensor):
            found = {id(each): name for name, each in parts.items() if _are_logits(each, n_images)}
            if len(found) != 1:
                shown = ", ".join(f"{name}: {_shown(each)}" for name, each in parts.items())
                raise StudyError(
                    f"networks.{key}: the network returns {type(answer).__name__} ({shown}), in which "
                    f"{'several tensors' if found else 'no tensor'} may be logits; name the part in "
                    f"networks.{key}.logits"
                )
            value = parts[found.popitem()[1]]
    if not _are_logits(value, n_images):
        raise StudyError(
            f"networks.{key}: the network returns {_shown(value)} for {n_images} images, no logits of shape "
            "(images, classes); take a classifier, or wrap the network in a module that returns logits"
        )
    return value


def _parts(answer: Any) -> dict[Any, Any]:
    """Return the parts of a network's return value, by name or number."""
    if isinstance(answer, Mapping):
        return dict(answer)
    if hasattr(answer, "_asdict"):
        return dict(answer._asdict())
    if isinstance(answer, (tuple, list)):
        return dict(enumerate(answer))
    return dict(getattr(answer, "__dict__", {}))


def _are_logits(value: Any, n_images: int) -> bool:
    return (
        isinstance(value, Tensor) and value.ndim == 2 and len(value) == n_images and value.is_floating_point()
    )


def _shown(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
