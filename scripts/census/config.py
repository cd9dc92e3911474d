"""Read a study's config: checked against the schema, with defaults filled in, and its names resolved.

The schema, ``workflow/schemas/config.schema.yaml``, declares keys, types, ranges and defaults; here stand the
rules between keys. Everything raises before a job has started, with one line that names the key.
"""

import copy
import datetime
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from census.data.downloads import FETCHED_WEIGHTS
from census.data.folder import classes_of
from census.data.sources import OPTIONS, TORCHVISION, folders_of, splits
from census.errors import StudyError, nearest
from census.networks.formats import format_of
from census.networks.hubs import filled_in, hub_of
from census.networks.layers import Layer, select

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/config.schema.yaml"
HUB_WEIGHTS = "pretrained"

# the name under which a Snakemake hands its config on to those that it starts, and how many characters
# that may have: a variable of more than 128 KiB is too long for Linux
_HANDED_ON = "NEURON_CENSUS_CONFIG"
_LONGEST = 100_000

# a number to people and to YAML 1.2; a text to the YAML 1.1 that Snakemake reads, which wants 1.0e-3
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def _is_integer(_: Any, value: Any) -> bool:
    # JSON takes 4.0 for an integer; Python's ranges and random generators do not
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    # not a number is within any range
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


_VALIDATOR = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of the config."""
    return yaml.safe_load(SCHEMA.read_text())


def as_begun(config: Mapping[str, Any], *, in_job: bool) -> Mapping[str, Any]:
    """Return the config with which a run of the study was begun.

    On a cluster each job has a Snakemake of its own, which reads the config anew; its files may have been
    edited since the jobs were planned. So the first Snakemake hands on to those what it has read, in the
    environment, unless it is longer than 100,000 characters.

    Parameters
    ----------
    config : as this Snakemake has read it.
    in_job : whether it is that of a job, and not the one that the user has called.
    """
    if in_job:
        return json.loads(os.environ.get(_HANDED_ON, "null")) or config
    os.environ.pop(_HANDED_ON, None)
    try:
        written = json.dumps(config)
    except TypeError:  # a date, say; the check of the config names it
        return config
    if len(written) <= _LONGEST:
        os.environ[_HANDED_ON] = written
    return config


def read_config(config: Mapping[str, Any], cache: Path | None = None) -> dict[str, Any]:
    """Return a copy of the config that is complete and consistent.

    Parameters
    ----------
    config : the config as it was written.
    cache : folder in which is kept what networks of timm and transformers say of their input; None for none.

    Returns
    -------
    the same with every default filled in, and home folders for ``~``; in ``runs`` also the split that null
    stands for.

    Raises
    ------
    StudyError : one line per fault, each naming the key and, for a misspelt name, the nearest valid one.
    """
    complete = _with_defaults(copy.deepcopy(dict(config)), schema())
    faults = [line for error in _VALIDATOR(schema()).iter_errors(complete) for line in _describe(error)]
    if not faults:
        _expand_homes(complete)
        for entry in complete["networks"].values():
            entry["arguments"] = _number(entry["arguments"])
        for name in {run["network"] for run in complete["runs"]} & set(complete["networks"]):
            entry = complete["networks"][name]
            if hub_of(entry["architecture"]):
                given = config["networks"][name]
                complete["networks"][name] = filled_in(entry, given, name, cache)
        faults = list(_faults_between_keys(complete))
    if faults:
        raise StudyError("config: " + "\nconfig: ".join(sorted(set(faults))))
    for run in complete["runs"]:
        run["split"] = run["split"] or _default_split(complete["datasets"][run["dataset"]])
    return complete


def _expand_homes(config: Mapping[str, Any]) -> None:
    """Put home folders in place of ``~`` in paths, in place."""
    for entry in config["networks"].values():
        entry["weights"] = os.path.expanduser(entry["weights"])
    for entry in config["datasets"].values():
        if isinstance(entry.get("path"), str):
            entry["path"] = os.path.expanduser(entry["path"])
        elif "path" in entry:
            entry["path"] = {split: os.path.expanduser(folder) for split, folder in entry["path"].items()}


def file_of_weights(weights: str) -> str | None:
    """Return the path that ``networks.NAME.weights`` gives; None for a word, or what somebody publishes.

    >>> file_of_weights("runs/best")
    'runs/best'
    >>> file_of_weights("torchvision:IMAGENET1K_V1.x")
    """
    named = weights in ("train", "random", HUB_WEIGHTS, *FETCHED_WEIGHTS) or ":" in weights.partition("/")[0]
    return (
        weights if not named and (Path(weights).suffix or "/" in weights or Path(weights).is_file()) else None
    )


def _resolve(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to the schema's definitions."""
    return schema()["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _with_defaults(value: Any, part: Mapping[str, Any]) -> Any:
    """Fill the schema's defaults into a value, in place where it is a mapping or a list."""
    part = _resolve(part)
    if isinstance(value, dict):
        for key, sub in part.get("properties", {}).items():
            sub = _resolve(sub)
            if key not in value and "default" in sub:
                value[key] = copy.deepcopy(sub["default"])
        for key in value:
            sub = part.get("properties", {}).get(key) or part.get("additionalProperties")
            if isinstance(sub, Mapping):
                value[key] = _with_defaults(value[key], sub)
    elif isinstance(value, list) and "items" in part:
        value[:] = [_with_defaults(item, part["items"]) for item in value]
    elif "number" in part.get("type", ()):
        value = _number(value)
    return value


def _number(value: Any) -> Any:
    """Return the number that a text such as ``1e-3`` stands for; in lists and mappings, too."""
    if isinstance(value, dict):
        return {key: _number(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_number(each) for each in value]
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _path(error: ValidationError) -> str:
    path = ""
    for step in error.absolute_path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def _describe(error: ValidationError) -> Iterator[str]:
    """Say in one line per key which one is wrong, and what it should be."""
    path, where = _path(error), f"{_path(error)}: " if error.absolute_path else ""
    match error.validator:
        case "additionalProperties":
            valid = error.schema["properties"]
            for unknown in set(error.instance) - set(valid):
                yield f"{where}unknown key {unknown!r}{nearest(unknown, valid)}"
        case "required":
            for missing in set(error.validator_value) - set(error.instance):
                yield f"{where}the key {missing!r} is missing"
        case "type":
            kinds = error.validator_value
            kinds = [kinds] if isinstance(kinds, str) else kinds
            # as YAML calls them
            wanted = " or ".join({"array": "list", "object": "mapping"}.get(kind, kind) for kind in kinds)
            if _is_of_name(error):
                yield f"{where}{_misread_name(error.instance)}"
            else:
                yield f"{path}: must be of type {wanted}, not {_shown(error.instance)}{_rewritten(error)}"
        case "uniqueItems":
            yield f"{path}: {error.instance!r} holds something twice"
        case "enum":
            hint = nearest(error.instance, map(str, error.validator_value))
            yield f"{path}: {error.instance!r} is not valid{hint}"
        case "minimum" | "exclusiveMinimum":
            bound = "at least" if error.validator == "minimum" else "more than"
            yield f"{path}: must be {bound} {error.validator_value}, not {error.instance!r}"
        case "maximum":
            yield f"{path}: must be at most {error.validator_value}, not {error.instance!r}"
        case "pattern":
            yield f"{where}the name {error.instance!r} may hold lower-case letters, digits, '_' and '-' only"
        case "oneOf" if any(each.relative_path or _is_of_name(each) for each in error.context):
            # one of the alternatives has the right form, and something in it is wrong
            for each in error.context:
                if each.relative_path or _is_of_name(each):
                    yield from _describe(each)
        case "oneOf":
            shown = error.schema.get("description", error.message).partition(";")[0]
            yield f"{path}: {error.instance!r} is not valid; expected: {shown}"
        case _:
            yield f"{where}{error.message}"


def _is_of_name(error: ValidationError) -> bool:
    return "propertyNames" in error.relative_schema_path


def _shown(value: Any) -> str:
    """Return a value as YAML writes it, if it is a single one."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value) if isinstance(value, datetime.date) else repr(value)


def _misread(value: Any) -> str | None:
    """Return what YAML takes a name for that is not in quotes; None if it is a text, or several values."""
    if isinstance(value, bool):
        return "YAML reads yes, no, on, off, true and false as true or false"
    if isinstance(value, int | float):
        return "YAML reads it as a number"
    return "YAML reads it as a date" if isinstance(value, datetime.date) else None


def _misread_name(name: Any) -> str:
    reading = _misread(name) or "YAML reads it as null"
    return f"the name {_shown(name)} must be a text ({reading}); put it in quotes"


def _rewritten(error: ValidationError) -> str:
    """Return how a value of the wrong type has to be written, if that is known."""
    value, wanted, misread = error.instance, error.validator_value, _misread(error.instance)
    if misread is not None and "string" in wanted:
        return f" ({misread}); put it in quotes"
    if isinstance(value, str) and ("integer" in wanted or "number" in wanted):
        try:
            number = float(value)
        except ValueError:
            return ""
        if math.isfinite(number):
            return f"; write {int(number) if number.is_integer() else number}, without quotes"
    return ""


def _default_split(dataset: Mapping[str, Any]) -> str:
    known = splits(dataset)
    return "test" if "test" in known else "all" if "all" in known else known[0]


def checkpoints_of(network: Mapping[str, Any]) -> list[str]:
    """Return the names of a network's checkpoints in order: steps as numbers, then ``final``."""
    steps = network["training"]["checkpoints"] if network["weights"] == "train" else [0]
    return [*map(str, sorted(steps)), "final"]


def _faults_between_keys(config: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in config["datasets"].items():
        yield from _faults_of_dataset(f"datasets.{name}", entry)
    for name, entry in config["networks"].items():
        yield from _faults_of_network(f"networks.{name}", entry, config["datasets"])
    directions = config["measures"]["directions"]
    if directions["leading"] < directions["components"]:
        yield (
            f"measures.directions.leading: must be at least components, {directions['components']}, not "
            f"{directions['leading']}"
        )
    met = set()
    for index, run in enumerate(config["runs"]):
        key = f"runs[{index}]"
        yield from _faults_of_run(key, run, config)
        if (run["network"], run["dataset"]) in met:
            yield f"{key}: {run['network']} meets {run['dataset']} in an earlier run already"
        met.add((run["network"], run["dataset"]))


def _faults_of_dataset(key: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for option, (sources, needed) in OPTIONS.items():
        if entry["source"] in sources and option not in entry and needed:
            yield f"{key}: the source {entry['source']!r} needs the key {option!r}"
        elif option == "name" and entry["source"] in sources and entry["name"] not in TORCHVISION:
            hint = nearest(entry["name"], TORCHVISION)
            yield f"{key}.name: there is no data set {entry['name']!r} of torchvision here{hint}"
        elif entry["source"] not in sources and option in entry:
            wanted = " and ".join(map(repr, sources))
            have = "sources {} have" if len(sources) > 1 else "source {} has"
            yield f"{key}.{option}: only the {have.format(wanted)} this key, not {entry['source']!r}"
    if entry["source"] == "folder" and "path" in entry:
        try:
            classes_of(folders_of(entry), key)
        except StudyError as error:
            yield str(error)


def _faults_of_network(key: str, entry: Mapping[str, Any], datasets: Mapping[str, Any]) -> Iterator[str]:
    channels = 1 if entry["input"]["color"] == "gray" else 3
    for option in ("mean", "std"):
        if len(entry["input"][option]) != channels:
            yield f"{key}.input.{option}: color {entry['input']['color']} needs {channels} number(s)"
    resize = entry["input"]["resize"]
    if resize is not None and resize < entry["input"]["size"]:
        yield f"{key}.input.resize: must be at least input.size, {entry['input']['size']}, not {resize}"
    yield from _faults_of_arguments(f"{key}.arguments", entry["arguments"])
    weights = entry["weights"]
    if weights == "train":
        if entry["training"] is None:
            yield f"{key}: weights 'train' need the key 'training'"
            return
        dataset = entry["training"]["dataset"]
        if dataset not in datasets:
            yield f"{key}.training.dataset: there is no data set {dataset!r}{nearest(dataset, datasets)}"
        elif not {"train", "test"} <= set(splits(datasets[dataset])):
            yield f"{key}.training.dataset: {dataset!r} has not both splits, train and test"
    elif entry["training"] is not None:
        yield f"{key}.training: only weights 'train' use this key, not {weights!r}"
    elif (file := file_of_weights(weights)) is not None:
        try:
            format_of(Path(file))
        except StudyError as error:
            yield f"{key}.weights: {error}"
    else:
        words = _words_of_weights(entry["architecture"])
        kind = "torchvision:DEFAULT" if weights.startswith("torchvision:") else weights
        if kind not in words:
            elsewhere = kind in (HUB_WEIGHTS, "torchvision:DEFAULT", *FETCHED_WEIGHTS)
            whose = f" for {entry['architecture']!r}" if elsewhere else ""
            yield f"{key}.weights: {weights!r} is not valid{whose}{nearest(weights, words)}"


def _words_of_weights(architecture: str) -> list[str]:
    """Return the words for weights that an architecture may have, beside files."""
    if hub_of(architecture):
        return ["train", "random", HUB_WEIGHTS]
    if ":" in architecture:
        return ["train", "random"]
    fetched = [name for name, whose in FETCHED_WEIGHTS.items() if whose == architecture]
    return ["train", "random", "torchvision:DEFAULT", *fetched]


def _faults_of_arguments(key: str, value: Any) -> Iterator[str]:
    """Name what a job would not get as it was written, because configs are handed on as JSON."""
    if isinstance(value, dict):
        for name, each in value.items():
            if not isinstance(name, str):
                yield f"{key}: {_misread_name(name)}"
            yield from _faults_of_arguments(f"{key}.{name}", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _faults_of_arguments(f"{key}[{index}]", each)
    elif not isinstance(value, str | int | float | None):
        yield f"{key}: cannot be {_shown(value)}; put dates in quotes, or write numbers, texts or lists"


def _faults_of_run(key: str, run: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    for option in ("network", "dataset"):
        if run[option] not in config[f"{option}s"]:
            hint = nearest(run[option], config[f"{option}s"])
            yield f"{key}.{option}: there is no {option} {run[option]!r}{hint}"
            return
    known = splits(config["datasets"][run["dataset"]])
    if run["split"] is not None and run["split"] not in known:
        yield f"{key}.split: {run['dataset']} has no split {run['split']!r}{nearest(run['split'], known)}"
    network = config["networks"][run["network"]]
    if network["weights"] == "train" and network["training"] is None:
        return  # reported with the network
    if isinstance(run["checkpoints"], list):
        steps = checkpoints_of(network)[:-1]
        for step in run["checkpoints"]:
            if str(step) not in steps:
                hint = f"; valid: {', '.join(steps)}"
                yield f"{key}.checkpoints: {run['network']} has no checkpoint {step}{hint}"


def with_names_of_layers(run: Mapping[str, Any], layers: Sequence[Layer], key: str) -> dict[str, Any]:
    """Return a run in which ``layers`` and ``unit_layers`` are lists of the layers' one names, by depth.

    Parameters
    ----------
    run : as in the config.
    layers : all layers of its network.
    key : the run's key in the config, for messages.

    Raises
    ------
    StudyError : the network has no layer of that name; or one of ``unit_layers`` is not among ``layers``.
    """
    recorded = select(layers, run["layers"], f"{key}.layers")
    one_by_one = select(layers, run["unit_layers"], f"{key}.unit_layers")
    if run["unit_layers"] == "rectified":
        one_by_one = [layer for layer in one_by_one if layer in recorded]
    for layer in one_by_one:
        if layer not in recorded:
            raise StudyError(f"{key}.unit_layers: {layer.name!r} is not among this run's layers")
    return {
        **run,
        "layers": [layer.name for layer in recorded],
        "unit_layers": [layer.name for layer in one_by_one],
    }


def units_of_layers(
    requests: Mapping[str, Mapping[str, Sequence[int]]] | None,
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, list[int]]]:
    """Return the units that ``measures.facets.units`` asks for, by network and by the layer's one name.

    Parameters
    ----------
    requests : by network and by any of a layer's names, numbers of units; None for none.
    layers : all layers of each network that has a run.
    runs : as in the config, with ``layers`` as a list of names.

    Raises
    ------
    StudyError : no run has the network, or records the layer; or the layer has not so many units.
    """
    chosen: dict[str, dict[str, list[int]]] = {}
    key = "config: measures.facets.units"
    for network, name, layer in _recorded(requests or {}, layers, runs, key):
        units = (requests or {})[network][name]
        for unit in units:
            if unit >= layer.shape[0]:
                last = layer.shape[0] - 1
                raise StudyError(f"{key}.{network}.{name}: there is no unit {unit}; the last is {last}")
        chosen.setdefault(network, {}).setdefault(layer.name, []).extend(units)
    return chosen


def layers_of_networks(
    requests: Mapping[str, Sequence[str]] | None,
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
) -> dict[str, list[str]]:
    """Return the layers that ``measures.directions.loadings`` asks for, by network, by their one name.

    Parameters
    ----------
    requests : by network, any of a layer's names; None for none.
    layers, runs : see :func:`units_of_layers`.

    Raises
    ------
    StudyError : no run has the network, or records the layer.
    """
    chosen: dict[str, list[str]] = {}
    for network, _, layer in _recorded(requests or {}, layers, runs, "config: measures.directions.loadings"):
        chosen.setdefault(network, []).append(layer.name)
    return chosen


def _recorded(
    requests: Mapping[str, Iterable[str]],
    layers: Mapping[str, Sequence[Layer]],
    runs: Sequence[Mapping[str, Any]],
    key: str,
) -> Iterator[tuple[str, str, Layer]]:
    """Yield each network and layer that a key of the config names, and the layer itself."""
    for network, asked in requests.items():
        if network not in layers:
            raise StudyError(f"{key}: no run has a network {network!r}{nearest(network, layers)}")
        recorded = {name for run in runs if run["network"] == network for name in run["layers"]}
        named = {
            name: layer
            for layer in layers[network]
            if layer.name in recorded
            for name in (layer.name, *layer.aliases)
        }
        for name in asked:
            if name not in named:
                raise StudyError(
                    f"{key}.{network}: no run of it records a layer {name!r}{nearest(name, named)}"
                )
            yield network, name, named[name]
