"""The repository's studies, planned in full; the papers' also run on a few small images in the real layout.

What is planned and made are the files that the table of figures names for the paper.
"""

import hashlib
import io
import json
import os
import pickle
import re
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from snakemake.utils import update_config

from census.planning.config import read_config
from census.planning.plan import Plan, read_layers

pytestmark = pytest.mark.slow
Served = tuple[Path, str]
ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z][\w. ]+ \d{4}) \| .+ \| `\w+` \| `(results/\S+)` \|$", re.MULTILINE)
# what networks have not whose weights come from elsewhere
OF_TRAINED = "steps.png"

# Python imports a module of this name before all else. In it, CIFAR-10 comes from another address, and its
# files have other digests; all else is torchvision's.
OTHER_CIFAR = """
import json
import os
import sys
from importlib.machinery import PathFinder


class Finder:
    def find_spec(name, path, target=None):
        if name != "torchvision.datasets.cifar":
            return None
        spec = PathFinder.find_spec(name, path, target)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            for key, value in json.loads(os.environ["OTHER_CIFAR"]).items():
                setattr(module.CIFAR10, key, value)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder)
"""


CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def pixels(height: int, width: int, channels: int) -> np.ndarray:
    """Return noise between dark and bright stripes, other ones for each size."""
    random = np.random.default_rng(height * width)
    stripes = 120 * (np.arange(width) // 5 % 2)[None, :, None]
    return (stripes + random.integers(0, 120, (height, width, channels))).astype(np.uint8)


def make_imagenet(folder: Path, monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    """ImageNet's layout: folders of synsets; images of all sizes, gray, in four colors, broken."""
    for synset in ("n01440764", "n01443537"):
        place = folder / "data/imagenet" / synset
        place.mkdir(parents=True)
        for number, (height, width) in enumerate(
            [(40, 60), (64, 48), (50, 50), (33, 90), (80, 41), (47, 47), (30, 30)]
        ):
            image = Image.fromarray(pixels(height, width, 3))
            modes = {("n01440764", 1): "L", ("n01440764", 2): "CMYK"}
            image = image.convert(modes.get((synset, number), "RGB"))
            image.save(place / f"{synset}_{number}.JPEG", "JPEG")
    cut = folder / "data/imagenet/n01443537/n01443537_6.JPEG"
    cut.write_bytes(cut.read_bytes()[:300])


def make_stamps(folder: Path, monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    """The layout of what is fetched: classes, folders in them, transparent images."""
    for number, name in enumerate(
        (
            *("animals/birds/owl", "animals/mammals/cats/lion", "animals/fish/cod"),
            *("plants/fir", "plants/trees/oak", "food/jam"),
        )
    ):
        for size in range(4):
            place = folder / "results/sources/tuxpaint-stamps" / f"{name}_{size}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels(40 + 9 * number, 70 + 11 * size, 4)).save(place)


def make_cifar(folder: Path, monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    """CIFAR-10's archive: batches of rows of 3,072 values, pickled."""
    random = np.random.default_rng(0)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    files = {}
    for name in names:
        labels = [index % 10 for index in range(20)]
        data = random.integers(0, 120, (20, 3072), dtype=np.uint8) + 12 * np.array(labels, np.uint8)[:, None]
        files[name] = pickle.dumps({"data": data, "labels": labels})
    files["batches.meta"] = pickle.dumps({"label_names": CIFAR})
    place, address = served
    archive = place / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    digests = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    other = {
        "url": address + archive.name,
        "tgz_md5": hashlib.md5(archive.read_bytes()).hexdigest(),
        "train_list": [[name, digests[name]] for name in names[:5]],
        "test_list": [[names[5], digests[names[5]]]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": digests["batches.meta"]},
    }
    (folder / "modules").mkdir()
    (folder / "modules/sitecustomize.py").write_text(OTHER_CIFAR)
    modules = [str(folder / "modules"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(modules))
    monkeypatch.setenv("OTHER_CIFAR", json.dumps(other))


def check_imagenet(folder: Path) -> None:
    """What could not be read is listed, and the other images have the class of their folder."""
    (unreadable,) = folder.glob("results/data/*/all.unreadable.tsv")
    assert pd.read_csv(unreadable, sep="\t")["source"].tolist() == ["n01443537/n01443537_6.JPEG"]
    table = pd.read_parquet(unreadable.parent / "all.parquet")
    assert table["class"].value_counts().to_dict() == {"n01440764": 7, "n01443537": 6}


def check_stamps(folder: Path) -> None:
    (path,) = folder.glob("results/data/*/all.parquet")
    assert pd.read_parquet(path)["class"].value_counts().to_dict() == {"animals": 12, "plants": 8, "food": 4}


def check_animals(folder: Path) -> None:
    (path,) = folder.glob("results/data/animals/all.parquet")
    assert pd.read_parquet(path)["class"].value_counts().to_dict() == {"birds": 4, "fish": 4, "mammals": 4}


def check_cifar(folder: Path) -> None:
    for split, count in (("train", 10), ("test", 2)):
        table = pd.read_parquet(folder / f"results/data/cifar10/{split}.parquet")
        assert table["class"].value_counts().to_dict() == dict.fromkeys(CIFAR, count)


def check_directions(folder: Path) -> None:
    """Images that the network takes for another class are left out."""
    check_imagenet(folder)
    files = folder.glob("results/measures/directions/alexnet/imagenet_val/*.layer.parquet")
    table = pd.concat(map(pd.read_parquet, files))
    assert table["layer"].nunique() == 4
    assert (table["n_misclassified_images"] > 0).all()
    assert (table["n_images"] + table["n_misclassified_images"] == 13).all()
    assert (table["components"] == 8).all()
    assert table["n_components_above_threshold"].notna().all()


def check_concepts(folder: Path) -> None:
    """The table of layers has both networks', trained and random, and their numbers of units."""
    check_imagenet(folder)
    table = pd.read_parquet(folder / "results/census/layers.parquet")
    units = table.set_index(["layer", "checkpoint"])["n_units"].to_dict()
    expected = {"features.1": 64, "features.29": 512}
    assert units == {(layer, step): expected[layer] for layer in expected for step in ("0", "final")}


@dataclass(frozen=True)
class Paper:
    """A paper's setting.

    Attributes
    ----------
    name : of the override.
    seed : of the paper's rows in the table of figures.
    planned : for each network, in full: its layers, how many of them have units that are looked at one by
        one, and the passes.
    data : makes the images.
    check : looks at what was made of them.
    layers : for each network, in place of all of them.
    run : what else changes in its runs.
    tiny : and elsewhere.
    """

    name: str
    seed: str
    planned: dict[str, tuple[int, int, int]]
    data: Callable[[Path, pytest.MonkeyPatch, Served], None]
    check: Callable[[Path], None]
    layers: dict[str, list[str]]
    run: dict[str, Any]
    tiny: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    @property
    def override(self) -> Path:
        return ROOT / "studies" / f"{self.name}.yaml"

    @property
    def settings(self) -> dict[str, Any]:
        return yaml.safe_load(self.override.read_text())

    def files(self) -> set[str]:
        """Return the files that the table of figures names for this paper."""
        table = (ROOT / "docs/reference/figures.md").read_text()
        rows = [file for seed, file in ROW.findall(table) if seed == self.seed]
        trained = any("training" in network for network in self.settings["networks"].values())
        return {
            file.format(network=run["network"], dataset=run["dataset"])
            for run in self.settings["runs"]
            for file in rows
            if trained or not file.endswith(OF_TRAINED)
        }


def random_weights(network: str, size: int, **more: Any) -> dict[str, Any]:
    """Return that a network's weights are random, and its input small."""
    return {network: {"weights": "random", "input": {"size": size, "resize": size + 3}, **more}}


OF_TRAINING = {"arguments": {"transform_input": True}}
ONE_EPOCH = {"training": {"epochs": 1, "batch": 20}}
PAPERS = [
    Paper(
        "sparsity-inception",
        "Rupprecht 2017",
        {"inception_v3": (21, 5, 2)},
        make_stamps,
        check_animals,
        {"inception_v3": ["input", "Conv2d_1a_3x3", "maxpool1", "Mixed_5b", "avgpool", "output"]},
        {"n_images": 12, "n_map_images": 12, "n_checkpoint_images": 12},
        {"networks": random_weights("inception_v3", 75, **OF_TRAINING)},
    ),
    Paper(
        "decorrelation-googlenet",
        "Rupprecht 2018",
        {"googlenet": (27, 11, 2)},
        make_stamps,
        check_stamps,
        {
            "googlenet": [
                *("input", "conv1", "maxpool1", "inception4c.branch1", "inception4c.branch4"),
                *("inception4c", "avgpool", "output"),
            ]
        },
        {"n_images": 12, "n_map_images": 12, "n_checkpoint_images": 12},
        {
            "datasets": {"stamps_256": {"size": 40}},
            "networks": random_weights("googlenet", 32, **OF_TRAINING),
        },
    ),
    Paper(
        "concepts-vgg16",
        "Sadeghi 2018",
        {"vgg16": (13, 13, 2)},
        make_imagenet,
        check_concepts,
        {"vgg16": ["features.1", "features.29"]},
        {
            "n_map_images": 6,
            "per_unit_layers": ["features.29"],
            "units_per_layer": 2,
            "per_unit_checkpoints": "final",
        },
        {"datasets": {"imagenet": {"size": 40}}, "networks": random_weights("vgg16", 32)},
    ),
    Paper(
        "substitution-cifar10",
        "Chen et al. 2018",
        {"cnn-cifar10": (10, 5, 2), "mlp-cifar10": (6, 4, 2), "vgg16-cifar10": (22, 14, 2)},
        make_cifar,
        check_cifar,
        {"cnn-cifar10": ["relu1"], "mlp-cifar10": ["relu4"], "vgg16-cifar10": ["relu1_1"]},
        {"n_map_images": 4, "n_checkpoint_images": 20, "units_per_layer": 2},
        {"networks": {"cnn-cifar10": ONE_EPOCH, "mlp-cifar10": ONE_EPOCH, "vgg16-cifar10": ONE_EPOCH}},
    ),
    Paper(
        "substitution-imagenet",
        "Chen et al. 2018",
        {"vgg16": (16, 15, 1)},
        make_imagenet,
        check_imagenet,
        {"vgg16": ["features.1", "classifier.4", "output"]},
        {"n_map_images": 4, "units_per_layer": 2},
        {"datasets": {"imagenet": {"size": 40}}, "networks": random_weights("vgg16", 32)},
    ),
    Paper(
        "directions-alexnet",
        "Zhang 2015",
        {"alexnet": (8, 4, 2)},
        make_imagenet,
        check_directions,
        {"alexnet": ["features.2", "features.7", "classifier.5", "output"]},
        {"n_images": 13, "n_map_images": 13, "n_checkpoint_images": 13},
        {
            "datasets": {"imagenet_val": {"size": 70}},
            # of two classes, it is right about some images
            "networks": random_weights("alexnet", 63, classes=2),
        },
    ),
]
SMALL = {
    "device": "cpu",
    "activations": {"batch": 8},
    "measures": {
        "facets": {"components": 2, "patch_size": 8},
        "activation_maximization": {"steps": 2, "seeds": 1},
        "ablation": {"steps": 2, "random_orders": 1},
    },
    "figures": {"formats": ["png"], "dpi": 60},
}


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """Where the layers of networks are kept that one of these studies has listed: large ones take long."""
    return tmp_path_factory.mktemp("layers")


@pytest.fixture
def unplanned(study, layers):
    """A study without any config of its own."""
    study.config = {}
    shutil.rmtree(study.folder / "results/layers")
    (study.folder / "results/layers").symlink_to(layers)
    return study


@pytest.fixture
def begun(paper, unplanned, monkeypatch, served):
    """A paper's study, with images in its layout."""
    unplanned.override = paper.override
    paper.data(unplanned.folder, monkeypatch, served)
    return unplanned


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_a_papers_setting_is_planned_in_full(paper, begun, monkeypatch):
    summary = begun.succeed("--summary").output.splitlines()
    rows = [line.split("\t") for line in summary if line.startswith("results/")]
    files, rules = {row[0] for row in rows}, {row[2] for row in rows}
    assert paper.files() <= files
    passes = [rule for rule in rules if rule.startswith("extract_")]

    default, overridden = (yaml.safe_load((ROOT / "config.yaml").read_text()) for _ in range(2))
    update_config(overridden, paper.settings)
    monkeypatch.chdir(begun.folder)
    config = read_config(overridden, Path("results/layers/inputs"))
    # as the paper's page says
    assert {
        run.network: (
            len(run.layers),
            len(run.per_unit_layers),
            sum(rule.startswith(f"extract_{run.network}_") for rule in passes),
        )
        for run in Plan.of(config, read_layers(config, Path("results/layers"))).runs
    } == paper.planned
    # the default study's networks and data sets are none of the paper's
    others = {*default["networks"], *default["datasets"]}
    assert {part for file in files for part in file.split("/")} & others == set()


def jobs_in(planned: str) -> dict[str, int]:
    return {rule: int(number) for rule, number in re.findall(r"^(\S+) +(\d+)$", planned, re.MULTILINE)}


def test_all_of_imagenet_is_planned_in_few_jobs(unplanned):
    unplanned.override = ROOT / "studies/imagenet.yaml"
    for number in range(20):
        (unplanned.folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
    jobs = jobs_in(unplanned.succeed("--dry-run", "--quiet", "rules").output)
    for network in ("vgg16", "googlenet", "resnet50"):
        for checkpoint in ("0", "final"):
            assert jobs[f"extract_{network}_{checkpoint}_imagenet"] == 64
            assert jobs[f"merge_{network}_{checkpoint}_imagenet"] == 1
    # of 124 layers
    assert jobs["sparsity"] == 27
    assert f"The study has {jobs['total']:,} jobs" in (ROOT / "docs/howto/budget.md").read_text()


def test_two_networks_on_two_sets_of_images_are_planned(unplanned):
    unplanned.override = ROOT / "studies/imagenet-networks.yaml"
    jobs = jobs_in(unplanned.succeed("--dry-run", "--quiet", "rules").output)
    for network in ("squeezenet1_1", "efficientnet-lite0"):
        for dataset in ("stamps", "clipart"):
            for checkpoint in ("0", "final"):
                assert jobs[f"extract_{network}_{checkpoint}_{dataset}"] == 1
    # both images and both weights
    assert jobs["fetch"] == 4
    # layers in two blocks for each network and data set; per-unit analyses of five layers, each a block
    assert (jobs["sparsity"], jobs["substitution"]) == (4 * 2, 4 * 5)


@pytest.mark.very_slow
@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_a_papers_figures_are_made_of_images_in_its_layout(paper, begun):
    runs = [{**run, **paper.run, "layers": paper.layers[run["network"]]} for run in paper.settings["runs"]]
    begun.config = {**SMALL, **paper.tiny, "runs": runs}
    begun.succeed(*sorted(paper.files()))
    paper.check(begun.folder)
