"""Networks of timm and transformers, built by name, with their published weights and preprocessing.

The packages are optional and are imported only if a network needs them.
"""

import functools
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from census.errors import StudyError, nearest

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

HUBS = ("timm", "transformers")
# files of a local folder that determine the network's input; weights are inputs of the job that reads them
PROCESSING = ("preprocessor_config.json", "processor_config.json")
CONFIGURATIONS = ("config.json", *PROCESSING)
# the names that the hubs' libraries use for the height and width of a network's input
SIZES = ("img_size", "image_size")


def hub_of(architecture: str) -> tuple[str, str] | None:
    """Return ``timm`` or ``transformers`` and the network's name there; None for other architectures."""
    hub, _, name = architecture.partition(":")
    return (hub, name) if hub in HUBS and name else None


def local_folder(architecture: str) -> Path | None:
    """Return the local folder that an architecture of a hub names; None for all others."""
    hub, name = hub_of(architecture) or ("", "")
    path = Path(os.path.expanduser(name.removeprefix("local-dir:")))
    if hub == "timm":
        return path if name.startswith("local-dir:") else None
    named = name.startswith((".", "/", "~")) or os.path.isdir(path)
    return path if hub == "transformers" and named else None


def version_of_hub(architecture: str) -> dict[str, str]:
    """Return the name and version of an architecture's package; empty if it comes from none."""
    try:
        return {hub: version(hub) for hub, _ in filter(None, [hub_of(architecture)])}
    except PackageNotFoundError:
        return {}  # building the network raises the error, with the key


def digest_of_folder(architecture: str) -> str:
    """Return the digest of the configuration in an architecture's local folder; empty without a folder."""
    folder = local_folder(architecture)
    if folder is None:
        return ""
    parts = [folder / name for name in CONFIGURATIONS]
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in parts if path.is_file()]
    return hashlib.sha256("".join(contents).encode()).hexdigest()[:16]


def files_of_weights(architecture: str) -> list[str]:
    """Return the files of weights in an architecture's local folder; empty without a folder."""
    folder = local_folder(architecture)
    endings = (".json", ".safetensors", ".bin", ".pth", ".tar")  # timm reads ``.pth.tar``, too
    return sorted(str(path) for path in (folder.iterdir() if folder else ()) if path.suffix in endings)


def build_from_hub(
    entry: Mapping[str, Any], arguments: Mapping[str, Any], channels: int, key: str
) -> "nn.Module":
    """Build a network of timm or transformers with random weights; only its configuration is fetched.

    Parameters
    ----------
    entry : the network's entry in the config, defaults filled in.
    arguments : keyword arguments of timm's ``create_model``, or changes of transformers' configuration.
    channels : of the image, 1 or 3.
    key : the network's key in the config, for messages.

    Raises
    ------
    StudyError : the package is not installed, or there is no such network or configuration.
    """
    network, _ = _make(entry, arguments, channels, key, published=False)
    return network


def published_state(entry: Mapping[str, Any], channels: int, key: str) -> "dict[str, Tensor]":
    """Return the published weights of a network of timm or transformers, or those in its local folder.

    Parameters
    ----------
    entry, channels, key : as for :func:`build_from_hub`.

    Raises
    ------
    StudyError : there are none, they cannot be fetched, or they lack some of the network's tensors.
    """
    own = own_entry(entry, key).get("classes")
    if own is not None and entry["classes"] != own:
        raise StudyError(
            f"networks.{key}.classes: the weights of {entry['architecture']!r} are for {own} classes, not "
            f"{entry['classes']}; leave the key out, or train the network with weights 'train'"
        )
    network, missing = _make(entry, entry["arguments"], channels, key, published=True)
    if missing:
        raise StudyError(
            f"networks.{key}.weights: the weights of {entry['architecture']!r} lack {len(missing)} tensors, "
            f"the first is {missing[0]!r}; name a checkpoint that was trained to classify images"
        )
    return network.state_dict()


def _make(
    entry: Mapping[str, Any], arguments: Mapping[str, Any], channels: int, key: str, published: bool
) -> "tuple[nn.Module, list[str]]":
    """Return a network, and the names of its tensors that are missing from the published weights."""
    from census.networks.adapters import take_images

    hub, name = hub_of(entry["architecture"]) or ("", "")
    library = _imported(hub, entry["architecture"], key)
    where = f"networks.{key}.{'weights' if published else 'architecture'}: {entry['architecture']!r}"
    if hub == "timm":
        known = [*library.list_models(), *library.list_models(pretrained=True)]
        if ":" not in name and name not in known:
            raise StudyError(
                f"networks.{key}.architecture: timm has no network {name!r}{nearest(name, known)}"
            )
        options = {"num_classes": entry["classes"]} | ({} if channels == 3 else {"in_chans": channels})
        try:
            return library.create_model(name, pretrained=published, **(options | dict(arguments))), []
        except (OSError, RuntimeError) as error:
            raise StudyError(_unreachable(where, error)) from error
    configuration = _configuration(entry, arguments, channels, key)
    classifier = library.AutoModelForImageClassification
    if type(configuration) not in library.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING:
        raise StudyError(f"{where} is no image classifier, but a {type(configuration).__name__}")
    if not published:
        network = classifier.from_config(configuration)
        take_images(network, lambda: _palette(library, entry["architecture"], key))
        return network, []
    try:
        network, report = classifier.from_pretrained(
            str(local_folder(entry["architecture"]) or name), config=configuration, output_loading_info=True
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise StudyError(_unreachable(where, error)) from error
    return network, sorted(report["missing_keys"])


def _configuration(entry: Mapping[str, Any], arguments: Mapping[str, Any], channels: int, key: str) -> Any:
    """Return transformers' configuration of a network, with the study's changes."""
    folder = local_folder(entry["architecture"])
    where = f"networks.{key}.architecture: {entry['architecture']!r}"
    if folder is not None and not (folder / "config.json").is_file():
        raise StudyError(f"{where}: there is no file {str(folder / 'config.json')!r}")
    _, name = hub_of(entry["architecture"]) or ("", "")
    library = _imported("transformers", entry["architecture"], key)
    try:
        configuration, unused = library.AutoConfig.from_pretrained(
            str(folder or name), return_unused_kwargs=True, **arguments
        )
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(_unreachable(where, error)) from error
    if unused:
        unknown = next(iter(unused))
        hint = nearest(unknown, configuration.to_dict())
        raise StudyError(f"networks.{key}.arguments: {name!r} has no setting {unknown!r}{hint}")
    if channels != getattr(configuration, "num_channels", channels):
        configuration.num_channels = channels
    classes = entry.get("classes")
    if classes is not None and configuration.num_labels != classes:
        configuration.num_labels = classes
    return configuration


def _unreachable(where: str, error: Exception) -> str:
    """Return the error message for a download that failed."""
    reason = " ".join(str(error).split())
    return f"{where} cannot be had: {reason}; check the name and the network, or name a local folder"


def _imported(hub: str, architecture: str, key: str) -> Any:
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    try:
        if hub == "timm":
            import timm

            return timm
        import transformers
    except ImportError as error:
        if error.name != hub:
            raise
        raise StudyError(
            f"networks.{key}.architecture: {architecture!r} needs the package {hub}; pip install {hub}"
        ) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


# the properties of a network's input


def own_entry(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the number of classes and the ``input`` that a network of timm or transformers declares.

    The preprocessing is found by testing it on images, because its settings differ between families.

    Parameters
    ----------
    entry : the network's entry in the config: ``architecture``, ``arguments``.
    key : the network's key in the config, for messages.

    Returns
    -------
    ``classes`` and ``input`` as in the config; ``input`` is empty or holds only ``size`` if the network has
    no preprocessing of its own.

    Raises
    ------
    StudyError : the configuration cannot be loaded, or its preprocessing cannot be expressed in the config.
    """
    from census.networks.fitting import fit_input

    hub, name = hub_of(entry["architecture"]) or ("", "")
    library = _imported(hub, entry["architecture"], key)
    arguments = entry["arguments"]
    asked = next((arguments[each] for each in SIZES if isinstance(arguments.get(each), int)), None)
    process: Callable[[Image.Image], Tensor] | None
    if hub == "timm":
        classes, process = _timm_processing(library, name, entry, key)
        size = None
    else:
        configuration = _configuration({**entry, "classes": None}, arguments, 3, key)
        classes, size = configuration.num_labels, _size_of(configuration)
        process = _transformers_processing(library, entry["architecture"], key)
    what = f"networks.{key}.input: the preprocessing of {entry['architecture']!r}"
    found = fit_input(process, what) if process else {}
    size = asked or found.get("size") or size
    return {"classes": classes, "input": with_size(found, size) if size else found}


def with_size(found: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return an input of another size, with ``resize`` scaled in proportion."""
    resized = {"resize": round(found["resize"] * size / found["size"])} if "size" in found else {}
    return {**found, "size": size, **resized}


def _size_of(configuration: Any) -> int | None:
    """Return the image size in a configuration of transformers; None if it has none."""
    vision = getattr(configuration, "vision_config", configuration)
    if hasattr(vision, "num_patches"):  # of the largest image; it has no size otherwise
        return math.isqrt(vision.num_patches) * vision.patch_size
    size = getattr(vision, "image_size", None)
    sides = set(size) if isinstance(size, list | tuple) else {size}
    return sides.pop() if len(sides) == 1 else None


def _timm_processing(
    library: Any, name: str, entry: Mapping[str, Any], key: str
) -> "tuple[int | None, Callable[[Image.Image], Tensor]]":
    """Return a network's number of classes, and timm's preprocessing for it."""
    from timm.data import create_transform, resolve_data_config

    if ":" in name:  # the configuration is known only after building the network
        network, _ = _make({**entry, "classes": None}, entry["arguments"], 3, key, published=False)
        known: Any = network.pretrained_cfg
    else:
        known = library.get_pretrained_cfg(name)
        known = known.to_dict() if known else {"num_classes": None}
    return known["num_classes"], create_transform(**resolve_data_config(pretrained_cfg=known))


def _processor(library: Any, architecture: str, where: str, otherwise: str = "") -> Any:
    """Return transformers' image processor of a network; error messages begin with the first text given."""
    folder, (_, name) = local_folder(architecture), hub_of(architecture) or ("", "")
    try:
        return library.AutoImageProcessor.from_pretrained(str(folder or name))
    except (OSError, ValueError) as error:
        raise StudyError(_unreachable(where, error) + otherwise) from error


def _palette(library: Any, architecture: str, key: str) -> "Tensor":
    """Return the palette of a network that takes colors, tensor of float, shape (n_colors, n_channels)."""
    where = f"networks.{key}.architecture: the palette of {architecture!r}"
    palette = _processor(library, architecture, where).clusters
    if palette is None:
        raise StudyError(f"{where} is missing; add 'clusters' to {PROCESSING[0]}")
    return palette


def _transformers_processing(
    library: Any, architecture: str, key: str
) -> "Callable[[Image.Image], Tensor] | None":
    """Return transformers' preprocessing for a network; None if its local folder has none."""
    from census.networks.adapters import processed

    folder = local_folder(architecture)
    if folder and not any((folder / each).is_file() for each in PROCESSING):
        return None
    where = f"networks.{key}.input: the preprocessing of {architecture!r}"
    processor = _processor(library, architecture, where, ", or give all keys of input")
    return functools.partial(processed, processor)


def filled_in(
    entry: Mapping[str, Any], given: Mapping[str, Any], key: str, cache: Path | None
) -> dict[str, Any]:
    """Return a network's config entry, with missing keys filled from its own classes and preprocessing.

    Parameters
    ----------
    entry : the network's entry in the config, with the defaults of other architectures.
    given : the entry as written by the user.
    key : the network's key in the config, for messages.
    cache : folder of cached results, so that a second call needs neither torch nor the hub; None for no
        cache.

    Raises
    ------
    StudyError : see :func:`own_entry`.
    """
    written = given.get("input") or {}
    if "classes" in given and set(entry["input"]) == set(written):
        return dict(entry)
    architecture = entry["architecture"]
    follows_from = [
        architecture,
        entry["arguments"],
        version_of_hub(architecture),
        digest_of_folder(architecture),
    ]
    sources = ("hubs", "adapters", "fitting", "preprocess")
    code = [Path(__file__).with_name(f"{name}.py").read_text() for name in sources]
    digest = hashlib.sha256(json.dumps([follows_from, code], sort_keys=True).encode()).hexdigest()[:16]
    path = cache / f"{digest}.json" if cache else None
    if path and path.is_file():
        own = json.loads(path.read_text())
    else:
        own = own_entry(entry, key)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".partial").write_text(json.dumps(own))
            path.with_suffix(".partial").replace(path)
    found = own["input"]
    if "size" in written and "resize" not in written:
        found = with_size(found, written["size"])
    classes = given.get("classes", own["classes"])
    return {**entry, "classes": classes or entry["classes"], "input": {**entry["input"], **found, **written}}
