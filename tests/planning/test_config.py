"""The config: defaults, and one line per fault, with the key and the nearest valid name."""

import copy
import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from pydantic import ValidationError
from snakemake.utils import update_config

from census.errors import StudyError
from census.planning.config import Config, as_begun, file_of_weights, read_config
from census.planning.settings import Settings

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config.yaml"

GRAY = {"size": 28, "color": "gray", "mean": [0.3], "std": [0.4]}
STUDY = {
    "datasets": {
        "clothes": {"source": "fashion-mnist"},
        "stamps": {"source": "tuxpaint-stamps", "size": 64},
    },
    "networks": {
        "cnn": {
            "architecture": "cnn",
            "classes": 10,
            "weights": "train",
            "input": GRAY,
            "training": {"dataset": "clothes", "checkpoints": [3, 0]},
        },
        "resnet": {"architecture": "resnet18"},
    },
    "runs": [{"network": "cnn", "dataset": "clothes"}, {"network": "resnet", "dataset": "stamps"}],
}
MISSING = object()
# a file of weights, by safetensors, with no tensors
EMPTY = b"\x02\0\0\0\0\0\0\0{}"


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the study with the value at a path such as ``runs.0.network`` replaced, added or removed."""
    study = copy.deepcopy(STUDY)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = study
    for step in parents:
        place = place[step] if isinstance(step, int) else place.setdefault(step, {})
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return study


def fault(study: dict[str, Any]) -> str:
    with pytest.raises(StudyError) as raised:
        read_config(study)
    return str(raised.value)


def test_defaults_are_filled_in_at_every_depth():
    study = read_config(STUDY)
    assert study.seed == 0
    assert study.measures.histogram.bins == 60
    assert study.networks["cnn"].training.optimizer == "sgd"
    assert study.networks["resnet"].training is None
    assert study.runs[0].n_map_images == 500
    plain = study.plain()
    assert plain["activations"] == {
        "batch": 32,
        "precision": "float32",
        "dtype": "float32",
        "compression": "lz4",
        "positions": 8,
    }
    assert plain["datasets"]["clothes"] == {
        "source": "fashion-mnist",
        "size": None,
        "fit": "pad",
        "background": [255, 255, 255],
        "unreadable": "fail",
    }
    assert plain["networks"]["resnet"]["input"] == {
        "size": 224,
        "resize": None,
        "interpolation": "bilinear",
        "color": "RGB",
        "range": 1,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }


def test_arguments_have_one_order():
    study = changed("measures.histogram.bins", 7)
    study["networks"]["resnet"] |= {"arguments": {"b": {"d": 1, "c": 2}, "a": 3}}
    assert str(read_config(study).networks["resnet"].arguments) == "{'a': 3, 'b': {'c': 2, 'd': 1}}"


def test_given_values_are_kept_and_the_original_is_unchanged():
    study = changed("measures.histogram.bins", 7)
    study["networks"]["resnet"] |= {"arguments": {"rates": [1, "1e-1"]}}
    before = copy.deepcopy(study)
    complete = read_config(study)
    complete.networks["resnet"].arguments["rates"][0] = 2
    assert study == before
    assert complete.measures.histogram.bins == 7
    assert complete.plain()["networks"]["cnn"]["input"] == {
        **GRAY,
        "resize": None,
        "interpolation": "bilinear",
        "range": 1,
    }


def test_whole_numbers_stay_whole():
    """Otherwise a parameter would have changed, and all dependent jobs would rerun."""
    study = changed("networks.resnet.input", {"mean": [104, 117, 123.0], "range": 255})
    study["measures"] = {"directions": {"threshold": 2}}
    complete = read_config(study)
    assert list(map(repr, complete.networks["resnet"].input.mean)) == ["104", "117", "123.0"]
    assert repr(complete.measures.directions.threshold) == "2"


def test_a_config_is_immutable():
    with pytest.raises(ValidationError, match="frozen"):
        read_config(STUDY).seed = 1


def test_plain_values_of_two_configs_are_independent():
    complete = read_config(STUDY).plain()
    complete["datasets"]["clothes"]["background"][0] = 0
    complete["activations"]["batch"] = 1
    assert complete["datasets"]["stamps"]["background"] == [255, 255, 255]
    assert read_config(STUDY).datasets["clothes"].background == [255, 255, 255]
    assert read_config(STUDY).activations.batch == 32


def test_plain_values_read_to_the_same_config():
    complete = read_config(yaml.safe_load(CONFIG.read_text()))
    assert read_config(json.loads(json.dumps(complete.plain()))) == complete


def test_a_run_without_a_split_uses_the_test_split_else_all(tmp_path):
    assert [run.split for run in read_config(STUDY).runs] == ["test", "all"]
    (tmp_path / "cat").mkdir()
    folders = {"train": str(tmp_path), "val": str(tmp_path)}
    own = changed("datasets.stamps", {"source": "folder", "path": folders})
    assert read_config(own).runs[1].split == "train"


def test_checkpoints_are_in_order_of_steps():
    networks = read_config(STUDY).networks
    assert networks["cnn"].checkpoints == ["0", "3", "final"]
    assert networks["resnet"].checkpoints == ["0", "final"]


KEYS_OF_STUDY = "activations, atlas, datasets, device, figures, jobs, measures, networks, runs, seed"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        # unknown keys
        ("sead", 1, "unknown key 'sead'; did you mean 'seed'?"),
        ("zzz", 1, f"unknown key 'zzz'; valid: {KEYS_OF_STUDY}"),
        ("activations.bach", 4, "activations: unknown key 'bach'; did you mean 'batch'?"),
        ("measures.histogram.bin", 4, "measures.histogram: unknown key 'bin'; did you mean 'bins'?"),
        ("datasets.stamps.fitt", "pad", "datasets.stamps: unknown key 'fitt'; did you mean 'fit'?"),
        ("networks.cnn.input.sizes", 2, "networks.cnn.input: unknown key 'sizes'; did you mean 'size'?"),
        ("runs.1.layer", "all", "runs[1]: unknown key 'layer'; did you mean 'layers'?"),
        ("figures.1", 2, "figures: unknown key 1; valid: dpi, formats, width"),
        # missing keys
        ("networks", MISSING, "the key 'networks' is missing"),
        ("datasets.stamps.source", MISSING, "datasets.stamps: the key 'source' is missing"),
        ("networks.resnet.architecture", MISSING, "networks.resnet: the key 'architecture' is missing"),
        ("networks.cnn.training.dataset", MISSING, "networks.cnn.training: the key 'dataset' is missing"),
        ("runs.0.dataset", MISSING, "runs[0]: the key 'dataset' is missing"),
        # types
        ("seed", "one", "seed: must be of type integer, not 'one'"),
        ("seed", True, "seed: must be of type integer, not true"),
        ("activations.batch", 4.0, "activations.batch: must be of type integer, not 4.0"),
        ("runs.0.n_images", "all", "runs[0].n_images: must be of type integer or null, not 'all'"),
        ("runs", {"network": "cnn"}, "runs: must be of type list, not {'network': 'cnn'}"),
        ("networks.cnn", "cnn", "networks.cnn: must be of type mapping, not 'cnn'"),
        ("measures.concepts", None, "measures.concepts: must be of type mapping, not null"),
        ("measures.concepts.top", 0, "measures.concepts.top: must be at least 2, not 0"),
        (
            "measures.concepts.normalizer",
            "class",
            "measures.concepts.normalizer: 'class' is not valid; did you mean 'classes'?",
        ),
        (
            "measures.facets.units",
            {"cnn": {"relu1": 3}},
            "measures.facets.units.cnn.relu1: must be of type list, not 3",
        ),
        (
            "measures.facets.units",
            {"cnn": {"relu1": [-1]}},
            "measures.facets.units.cnn.relu1[0]: must be at least 0, not -1",
        ),
        (
            "measures.facets.units",
            {"cnn": {"relu1": [1, 1]}},
            "measures.facets.units.cnn.relu1: [1, 1] holds something twice",
        ),
        (
            "networks.cnn.logits",
            1.5,
            "networks.cnn.logits: must be of type string or integer or null, not 1.5…",
        ),
        ("networks.cnn.input.std", ["x"], "networks.cnn.input.std[0]: must be of type number, not 'x'"),
        # choices
        ("device", "gpu", "device: 'gpu' is not valid; did you mean 'cpu'?"),
        (
            "activations.compression",
            "lz5",
            "activations.compression: 'lz5' is not valid; did you mean 'lz4'?",
        ),
        ("figures.formats", ["pgn"], "figures.formats[0]: 'pgn' is not valid; did you mean 'png'?"),
        ("networks.cnn.input.range", 256, "networks.cnn.input.range: 256 is not valid; did you mean '255'?"),
        (
            "datasets.stamps.source",
            "fashon-mnist",
            "datasets.stamps.source: 'fashon-mnist' is not valid; did you mean 'fashion-mnist'?",
        ),
        (
            "networks.cnn.input.range",
            True,
            "networks.cnn.input.range: true is not valid; valid: 1, 255",
        ),
        # lengths
        (
            "datasets.stamps.background",
            [0, 0],
            "datasets.stamps.background: must have at least 3 items, not 2",
        ),
        (
            "networks.cnn.input.mean",
            [0, 0, 0, 0],
            "networks.cnn.input.mean: must have at most 3 items, not 4",
        ),
        ("measures.ablation.modes", [], "measures.ablation.modes: [] should be non-empty"),
        (
            "measures.ablation.modes",
            ["zero", "optimum"],
            "measures.ablation.modes[1]: 'optimum' is not valid; did you mean 'optimal'?",
        ),
        (
            "measures.ablation.modes",
            ["optimal"],
            "measures.ablation.modes: 'optimal' is for single units only; add 'zero', 'mean' or 'resampled' "
            "for curves",
        ),
        # ranges
        ("seed", -1, "seed: must be at least 0, not -1"),
        ("measures.histogram.bins", 10001, "measures.histogram.bins: must be at most 10000, not 10001"),
        ("networks.cnn.classes", 1, "networks.cnn.classes: must be at least 2, not 1"),
        ("networks.cnn.input.std", [0], "networks.cnn.input.std[0]: must be more than 0, not 0"),
        ("runs", [], "runs: [] should be non-empty"),
        (
            "runs.0.layers",
            ["a", "a"],
            "runs[0].layers: ['a', 'a'] holds something twice",
        ),
        (
            "measures.directions.variance_quantile",
            1,
            "measures.directions.variance_quantile: must be less than 1, not 1",
        ),
        (
            "measures.directions.components",
            60,
            "measures.directions.leading: must be at least components, 60, not 50",
        ),
        # names
        (
            "networks.My Net",
            {"architecture": "cnn"},
            "networks: the name 'My Net' may hold lower-case letters, digits, '_' and '-' only",
        ),
        ("runs.0.network", "ccn", "runs[0].network: there is no network 'ccn'; did you mean 'cnn'?"),
        ("runs.1.dataset", "stamp", "runs[1].dataset: there is no dataset 'stamp'; did you mean 'stamps'?"),
        ("runs.1.split", "al", "runs[1].split: stamps has no split 'al'; did you mean 'all'?"),
        ("runs.0.checkpoints", [0, 4], "runs[0].checkpoints: cnn has no checkpoint 4; valid: 0, 3"),
        ("runs.1.checkpoints", [3], "runs[1].checkpoints: resnet has no checkpoint 3; valid: 0"),
        ("runs.0.checkpoints", "last", "runs[0].checkpoints: 'last' is not valid; expected: `final`…"),
        (
            "runs.1",
            {"network": "cnn", "dataset": "clothes", "split": "train"},
            "runs[1]: duplicates runs[0] (cnn on clothes); remove one",
        ),
        # data sets
        ("datasets.own", {"source": "folder"}, "datasets.own: the source 'folder' needs the key 'path'"),
        ("datasets.own", {"source": "folder", "path": "no"}, "datasets.own.path: there is no folder 'no'"),
        (
            "datasets.own",
            {"source": "folder", "path": {"test": "no"}},
            "datasets.own.path.test: there is no folder 'no'",
        ),
        (
            "datasets.own",
            {"source": "folder", "path": 3},
            "datasets.own.path: 3 is not valid; expected: The folder…",
        ),
        (
            "datasets.stamps.path",
            "/tmp",
            "datasets.stamps.path: only the source 'folder' has this key, not 'tuxpaint-stamps'",
        ),
        (
            "datasets.stamps.name",
            "CIFAR10",
            "datasets.stamps.name: only the source 'torchvision' has this key, not 'tuxpaint-stamps'",
        ),
        (
            "datasets.clothes.subfolder",
            "coats",
            "datasets.clothes.subfolder: only the sources 'tuxpaint-stamps' and 'openclipart' have this key, "
            "not 'fashion-mnist'",
        ),
        ("datasets.stamps.subfolder", "", "datasets.stamps.subfolder: '' should be non-empty"),
        (
            "datasets.tv",
            {"source": "torchvision"},
            "datasets.tv: the source 'torchvision' needs the key 'name'",
        ),
        (
            "datasets.tv",
            {"source": "torchvision", "name": "CIFAR"},
            "datasets.tv.name: torchvision data set 'CIFAR' is not supported; did you mean 'CIFAR10'?",
        ),
        # networks
        ("networks.cnn.input.mean", [0, 0, 0], "networks.cnn.input.mean: color gray needs 1 number(s)"),
        ("networks.resnet.input.std", [1], "networks.resnet.input.std: color RGB needs 3 number(s)"),
        (
            "networks.cnn.input.resize",
            27,
            "networks.cnn.input.resize: must be at least input.size, 28, not 27",
        ),
        (
            "measures.activation_maximization.jitter",
            28,
            "measures.activation_maximization.jitter: must be less than input.size of cnn, 28, not 28",
        ),
        ("networks.cnn.training", MISSING, "networks.cnn: weights 'train' need the key 'training'"),
        (
            "networks.cnn.training.dataset",
            "cloths",
            "networks.cnn.training.dataset: there is no data set 'cloths'; did you mean 'clothes'?",
        ),
        (
            "networks.cnn.training.dataset",
            "stamps",
            "networks.cnn.training.dataset: 'stamps' needs both splits, train and test",
        ),
        (
            "networks.resnet.training",
            {"dataset": "clothes"},
            "networks.resnet.training: only weights 'train' use this key, not 'random'",
        ),
        (
            "networks.resnet.weights",
            "no.safetensors",
            "networks.resnet.weights: there is no file 'no.safetensors'",
        ),
        (
            "networks.resnet.weights",
            "randon",
            "networks.resnet.weights: 'randon' is not valid; did you mean 'random'?",
        ),
        (
            "networks.resnet",
            {"architecture": "squeezenet1_1", "weights": "squeezenet-caffe"},
            "networks.resnet.weights: 'squeezenet-caffe' is not valid; did you mean 'squeezenet1_1-caffe'?",
        ),
        (
            "networks.resnet.weights",
            "efficientnet-lite0-tensorflow",
            "networks.resnet.weights: 'efficientnet-lite0-tensorflow' is not valid for 'resnet18'; valid: "
            "random, torchvision:DEFAULT, train",
        ),
    ],
)
def test_a_fault_is_reported_in_one_line(path, value, message):
    told = fault(changed(path, value))
    # the description of a key is cut short here
    beginning, cut, _ = f"config: {message}".partition("…")
    assert told.startswith(beginning) if cut else told == beginning
    assert "\n" not in told


@pytest.mark.parametrize(
    ("written", "message"),
    [
        # names that YAML takes for something else
        (
            "networks: {1: {architecture: mlp}}",
            "networks: the name 1 must be a text (YAML reads it as a number)",
        ),
        (
            "networks: {on: {architecture: mlp}}",
            "networks: the name true must be a text (YAML reads yes, no, on,",
        ),
        (
            "datasets: {2024-01-01: {source: folder}}",
            "datasets: the name 2024-01-01 must be a text (YAML reads it",
        ),
        (
            "datasets: {null: {source: folder}}",
            "datasets: the name null must be a text (YAML reads it as null)",
        ),
        (
            "datasets: {d: {source: folder, path: {2012: .}}}",
            "datasets.d.path: the name 2012 must be a text (",
        ),
        (
            "measures: {facets: {units: {resnet: {0: [1]}}}}",
            "measures.facets.units.resnet: the name 0 must be a",
        ),
        (
            "measures: {directions: {loadings: {0: [a]}}}",
            "measures.directions.loadings: the name 0 must be a text",
        ),
        (
            "networks: {n: {architecture: mlp, arguments: {1: 2}}}",
            "networks.n.arguments: the name 1 must be a text",
        ),
        (
            "networks: {n: {architecture: mlp, arguments: {a: [{no: 1}]}}}",
            "networks.n.arguments.a[0]: the name false must be a text (YAML reads yes, no, on, off",
        ),
        # values
        (
            "runs: [{network: resnet, dataset: 123}]",
            "runs[0].dataset: must be of type string, not 123 (YAML reads",
        ),
        (
            "runs: [{network: no, dataset: x}]",
            "runs[0].network: must be of type string, not false (YAML reads yes,",
        ),
        (
            "runs: [{network: 2024-01-01, dataset: x}]",
            "runs[0].network: must be of type string, not 2024-01-01 (Y",
        ),
        (
            "runs: [{network: x, dataset: y, layers: [0, a]}]",
            "runs[0].layers[0]: must be of type string, not 0 (YA",
        ),
        (
            "runs: [{network: x, dataset: y, split: 7}]",
            "runs[0].split: must be of type string or null, not 7 (YAML",
        ),
        (
            "networks: {n: {architecture: mlp, weights: 100}}",
            "networks.n.weights: must be of type string, not 100",
        ),
        (
            "networks: {n: {architecture: mlp, weights: 1e5}}",
            "networks.n.weights: '1e5' is not valid; valid:",
        ),
        (
            "activations: {batch: 1e2}",
            "activations.batch: must be of type integer, not '1e2'; write 100, without q",
        ),
        ("seed: '7'", "seed: must be of type integer, not '7'; write 7, without quotes"),
        (
            "runs: [{network: x, dataset: y, checkpoints: [1e2]}]",
            "runs[0].checkpoints[0]: must be of type integer,",
        ),
        (
            "measures: {clusters: {threshold: .nan}}",
            "measures.clusters.threshold: must be of type number, not nan",
        ),
        (
            "networks: {n: {architecture: mlp, input: {mean: [.inf]}}}",
            "networks.n.input.mean[0]: must be of type n",
        ),
        (
            "networks: {n: {architecture: mlp, arguments: {a: 2024-01-01}}}",
            "networks.n.arguments.a: cannot be 2024-01-01; put dates in quotes, or",
        ),
        (
            "networks: {resnet: {architecture: 'timm:resnet18', arguments: {a: 2024-01-01}}}",
            "networks.resnet.arguments.a: cannot be 2024-01-01; put dates in quotes, or",
        ),
    ],
)
def test_values_that_yaml_misreads_are_reported_with_their_key(written, message):
    study = copy.deepcopy(STUDY)
    update_config(study, yaml.safe_load(written))
    assert as_begun(study, in_job=False) is study
    assert fault(study).startswith(f"config: {message}")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of all values within a mapping or list."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in steps:
        yield (*path, step)
        yield from places(each, (*path, step))


@pytest.mark.parametrize(
    "odd",
    [
        *(None, True, 0, -1, 1.5, float("nan"), 10**400, "", "x", "1e400", "~\0", "\ud800", "~nobody/x"),
        *("a" * 300, f"transformers:{'a' * 300}:", "transformers:~nobody/x", b"x", datetime.date(2024, 1, 1)),
        *([], [None], [[1]], ["a", "a"], {}, {"a": {"b": [1, 1]}}, {None: 1}, {1: {}}, {"A": "x"}, {1, 2}),
    ],
    ids=lambda odd: ascii(odd)[:30],
)
def test_a_value_of_any_type_is_accepted_or_reported(odd):
    study = read_config(STUDY).plain()
    for *above, last in places(copy.deepcopy(study)):
        place: Any = study
        for step in above:
            place = place[step]
        before, place[last] = place[last], odd
        try:
            read_config(study)
        except StudyError as error:
            lines = str(error).splitlines()
            assert all(re.match(r"config: (\w+[:.[]|the key|unknown)", line) for line in lines), lines
        place[last] = before


def test_numbers_with_an_exponent_are_numbers():
    written = """
    networks:
      cnn: {training: {learning_rate: 1e-3, weight_decay: 5E-4}, input: {std: [4e-1]}}
      resnet: {arguments: {norm: {eps: 1e-5, name: e5}, rates: [2.5e-1, 3e+0]}}
    """
    study = copy.deepcopy(STUDY)
    update_config(study, yaml.safe_load(written))
    networks = read_config(study).networks
    assert networks["cnn"].training.learning_rate == 0.001
    assert networks["cnn"].training.weight_decay == 0.0005
    assert networks["cnn"].input.std == [0.4]
    assert networks["resnet"].arguments == {"norm": {"eps": 1e-5, "name": "e5"}, "rates": [0.25, 3.0]}


def test_home_folders_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "best.pth.tar").write_bytes(EMPTY)
    (tmp_path / "cat").mkdir()
    study = changed("networks.resnet.weights", "~/best.pth.tar")
    study["datasets"]["stamps"] = {"source": "folder", "path": {"train": "~", "test": "~/"}}
    complete = read_config(study)
    assert complete.networks["resnet"].weights == str(tmp_path / "best.pth.tar")
    assert complete.datasets["stamps"].path == {"train": str(tmp_path), "test": f"{tmp_path}/"}
    study["datasets"]["stamps"] = {"source": "folder", "path": "~/no"}
    assert fault(study) == f"config: datasets.stamps.path: there is no folder '{tmp_path}/no'"


@pytest.mark.parametrize(
    "weights", ["a.ckpt", "b.pth.tar", "c.bin", "runs/last", "../d", "~/e", "f.safetensors"]
)
def test_a_path_of_weights_may_have_any_ending(weights):
    assert file_of_weights(weights) == weights


@pytest.mark.parametrize(
    "weights",
    ["train", "random", "squeezenet1_1-caffe", "torchvision:IMAGENET1K_V1.x", "https://a.b/c.pt", "randon"],
)
def test_a_keyword_for_weights_is_not_a_path(weights):
    assert file_of_weights(weights) is None


def test_a_file_without_weights_is_reported_before_any_job(tmp_path):
    pointer = tmp_path / "w.pt"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    told = fault(changed("networks.resnet.weights", str(pointer)))
    what = "is a Git LFS pointer, not the file itself; run `git lfs pull`"
    assert told == f"config: networks.resnet.weights: {pointer} {what}"


def test_each_of_several_faults_has_its_line():
    study = changed("sead", 1)
    study["colour"] = "red"
    study[1] = "one"
    del study["runs"], study["networks"]
    study["datasets"]["stamps"] |= {"size": 0, "fit": "padd"}
    assert fault(study).splitlines() == [
        "config: datasets.stamps.fit: 'padd' is not valid; did you mean 'pad'?",
        "config: datasets.stamps.size: must be at least 1, not 0",
        "config: the key 'networks' is missing",
        "config: the key 'runs' is missing",
        f"config: unknown key 'colour'; valid: {KEYS_OF_STUDY}",
        "config: unknown key 'sead'; did you mean 'seed'?",
        f"config: unknown key 1; valid: {KEYS_OF_STUDY}",
    ]


def test_existing_files_and_folders_are_valid(tmp_path):
    weights = tmp_path / "weights.pt"
    weights.write_bytes(EMPTY)
    (tmp_path / "cat").mkdir()
    study = changed("networks.resnet.weights", str(weights))
    study["datasets"]["stamps"] = {"source": "folder", "path": str(tmp_path)}
    assert read_config(study).networks["resnet"].weights == str(weights)


@pytest.mark.parametrize(
    ("architecture", "weights"),
    [
        ("resnet18", "torchvision:DEFAULT"),
        ("resnet18", "random"),
        ("squeezenet1_1", "squeezenet1_1-caffe"),
        ("efficientnet-lite0", "efficientnet-lite0-tensorflow"),
    ],
)
def test_weights_from_other_sources_are_valid(architecture, weights):
    study = changed("networks.resnet", {"architecture": architecture, "weights": weights})
    assert read_config(study).networks["resnet"].weights == weights


def test_the_default_study_is_valid_and_states_the_defaults():
    written = yaml.safe_load(CONFIG.read_text())
    complete, defaults = read_config(written).plain(), read_config(STUDY).plain()
    for section in ("seed", "device", "activations", "measures", "jobs", "atlas", "figures"):
        assert written[section] == complete[section] == defaults[section]


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda path: path.name)
def test_the_other_studies_override_the_default_one(path, tmp_path, monkeypatch):
    study = yaml.safe_load(CONFIG.read_text())
    update_config(study, yaml.safe_load(path.read_text()))
    # the images of a folder are the reader's
    monkeypatch.chdir(tmp_path)
    for dataset in study["datasets"].values():
        if "path" in dataset:
            Path(dataset["path"], "cat").mkdir(parents=True)
    assert read_config(study).runs


def test_two_studies_share_their_common_run():
    """Otherwise each would record the other's activations again."""
    study, default = (yaml.safe_load(CONFIG.read_text()) for _ in range(2))
    update_config(study, yaml.safe_load((ROOT / "studies/imagenet-networks.yaml").read_text()))
    shared = [
        run
        for config in (study, default)
        for run in read_config(config).runs
        if (run.network, run.dataset) == ("squeezenet1_1", "stamps")
    ]
    assert len(shared) == 2
    assert shared[0] == shared[1]


def models(form: Any) -> Iterator[tuple[str, type[Settings]]]:
    """Yield the mappings within a type and the path to each, with ``*`` for the user's own names."""
    if isinstance(form, type) and issubclass(form, Settings):
        yield "", form
    elif get_origin(form) in (list, dict):
        yield from ((f".*{path}", model) for path, model in models(get_args(form)[-1]))
    else:
        yield from (found for member in get_args(form) for found in models(member))


def keys(model: type[Settings], path: str = "") -> Iterator[str]:
    """Yield the paths of the keys that have a value."""
    for key, field in model.model_fields.items():
        here = f"{path}.{key}".lstrip(".")
        inner = list(models(field.annotation))
        yield from (each for step, found in inner for each in keys(found, f"{here}{step}"))
        if not inner:
            yield here


def described_keys(text: str) -> Iterator[str]:
    """Yield the paths of the keys in config.yaml that have a comment above or beside them.

    A key in an example that is commented out counts, too: it stands there indented by two more blanks.
    """
    above: list[tuple[int, str]] = []
    described = False
    for line in text.splitlines():
        example = re.fullmatch(r"( *)#(   *[a-z_]+: .*)", line)
        found = re.match(r"([ -]*)([a-z0-9_]+):(?: |$)", f"{example[1]}{example[2][1:]}" if example else line)
        if found:
            while above and above[-1][0] >= len(found[1]):
                above.pop()
            path = ".".join([*(key for _, key in above), found[2]])
            above.append((len(found[1]), found[2]))
            if described or " #" in line:
                yield re.sub(r"^(datasets|networks)\.[^.]+", r"\1.*", re.sub(r"^runs\.", "runs.*.", path))
        described = line.lstrip().startswith("#")


def test_every_key_has_a_comment_in_the_default_study():
    assert {"jobs.minutes", "networks.*.input.size", "runs.*.n_map_images"} <= set(keys(Config))
    assert set(keys(Config)) - set(described_keys(CONFIG.read_text())) == set()


def test_jobs_get_the_config_with_which_the_run_was_started(monkeypatch):
    monkeypatch.delenv("NEURON_CENSUS_CONFIG", raising=False)
    begun, edited = {"seed": 0, "runs": [{"network": "ü"}]}, {"seed": 1, "runs": []}
    assert as_begun(edited, in_job=True) == edited, "nothing was handed on"
    assert as_begun(begun, in_job=False) == begun
    assert as_begun(edited, in_job=True) == begun
    # a run that is begun within a job of another study is a run of its own
    assert as_begun(edited, in_job=False) == edited
    assert as_begun(begun, in_job=True) == edited


def test_a_config_too_long_for_the_environment_is_read_by_each_job(monkeypatch):
    monkeypatch.setenv("NEURON_CENSUS_CONFIG", '{"seed": 0}')
    long = {"runs": ["x" * 200_000]}
    assert as_begun(long, in_job=False) == long
    assert as_begun(long, in_job=True) == long
