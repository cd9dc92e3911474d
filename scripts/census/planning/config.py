"""The config of a study: its keys with their types, ranges and defaults, and the rules between keys.

All faults are reported before the first job starts, one line each, with the key.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Len

from census.data.downloads import FETCHED_WEIGHTS
from census.data.folder import classes_of
from census.data.sources import OPTIONS, TORCHVISION, folders_of, splits
from census.errors import StudyError, nearest
from census.networks.formats import format_of
from census.networks.hubs import filled_in, hub_of
from census.planning.measures import Measures
from census.planning.renamed import renamed_value
from census.planning.settings import (
    AS_WRITTEN,
    HOME,
    Arguments,
    Name,
    NotNegative,
    Number,
    Positive,
    Settings,
    Text,
    Unique,
    faulty,
    read,
)

HUB_WEIGHTS = "pretrained"

# the environment variable in which Snakemake passes its config on to the Snakemakes of its jobs, and the
# maximum length: Linux refuses a variable of more than 128 KiB
_HANDED_ON = "NEURON_CENSUS_CONFIG"
_LONGEST = 100_000

Byte = Annotated[int, Ge(0), Le(255)]
Folder = Annotated[Text, HOME]
Images = Annotated[int, Ge(3)]
Layers = Annotated[Unique[str], Len(1)]
Pixels = Annotated[int, Ge(8), Le(1024)]


class Dataset(Settings):
    """A data set of labeled images."""

    source: Literal[
        "fashion-mnist", "tuxpaint-stamps", "openclipart", "imagenet-samples", "torchvision", "folder"
    ]
    """Origin of the images; `folder` holds one subfolder per class."""
    name: str | None = None
    """Class name of the data set in `torchvision.datasets` (source `torchvision` only)."""
    path: Folder | Annotated[dict[Name, Folder], Len(1)] | None = None
    """The folder of class folders, or one such folder per split, as `{train: …, test: …}`; classes are those
    of the split `train`, or of all splits if none has this name (source `folder` only)."""
    subfolder: Text | None = None
    """Folder within the download from which images are taken, such as `animals`; its folders are the classes.
    Null for the whole download (sources `tuxpaint-stamps` and `openclipart` only)."""
    size: Positive | None = None
    """Height and width in pixels to which each image is resized; null if all images have one size."""
    fit: Literal["pad", "crop", "stretch"] = "pad"
    """How an image becomes square: `pad` adds background, `crop` cuts off the longer side, `stretch` changes
    the proportions."""
    background: Annotated[list[Byte], Len(3, 3)] = [255, 255, 255]
    """Red, green and blue of the background under transparency and around padded images."""
    unreadable: Literal["fail", "skip"] = "fail"
    """Treatment of image files that cannot be read; `skip` lists them next to the data set."""

    @property
    def splits(self) -> list[str]:
        """The names of the splits."""
        return splits(self.plain())

    def plain(self) -> dict[str, Any]:
        """Return plain values, without the keys of other sources."""
        return self.model_dump(exclude={key for key in OPTIONS if getattr(self, key) is None})


class Input(Settings):
    """How an image becomes the network's input.

    Networks of timm and transformers default to their own configuration; all others default to torchvision's
    preprocessing for ImageNet.
    """

    size: Positive = 224
    """Height and width of the input in pixels."""
    resize: Positive | None = None
    """Height and width to which images are resized before the center is cropped; null for `size`."""
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
    """Interpolation when images are resized; `bilinear` and `bicubic` are antialiased."""
    color: Literal["RGB", "BGR", "gray"] = "RGB"
    """Order of the color channels."""
    range: Annotated[Literal[1, 255], AS_WRITTEN] = 1
    """Value of a white pixel before `mean` is subtracted."""
    mean: Annotated[list[Number], Len(1, 3)] = [0.485, 0.456, 0.406]
    """Subtracted from each channel."""
    std: Annotated[list[Annotated[float, Gt(0), AS_WRITTEN]], Len(1, 3)] = [0.229, 0.224, 0.225]
    """Divisor of each channel after `mean` is subtracted."""


class Training(Settings):
    """How the network is trained (weights `train` only); null for other weights."""

    dataset: str
    """The data set; it needs the splits `train` and `test`."""
    epochs: Positive = 2
    """Passes over all training images."""
    batch: Annotated[int, Ge(2)] = 256
    """Images per step."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with Nesterov momentum, or AdamW. Momentum (β₁ of AdamW) falls from 0.95 to 0.85 while the learning
    rate of the one-cycle schedule rises, and rises again while it falls."""
    learning_rate: Annotated[float, Gt(0), AS_WRITTEN] = 0.1
    """Highest learning rate of the one-cycle schedule."""
    weight_decay: Annotated[float, Ge(0), AS_WRITTEN] = 0.0005
    """Weight decay."""
    augment: Literal["none", "flip", "crop-flip"] = "none"
    """Random augmentation of the images: `flip` mirrors them; `crop-flip` shifts them by up to 4 pixels and
    mirrors them."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the forward and backward pass; weights are always float32. `auto` is bfloat16 on devices
    with bfloat16 hardware, otherwise float32, because emulated bfloat16 takes ten times as long."""
    seeds: Annotated[Unique[NotNegative], Len(1)] | None = None
    """Seeds from which the network is trained; each determines the initial weights and the order of images.
    Null for `seed` alone. The network's runs are computed for each seed; claims are tested across seeds if
    there are at least 3. Adding seeds leaves networks already trained unchanged."""
    checkpoints: Unique[NotNegative] = [0, 10, 30, 100, 300]
    """Steps after which the weights are kept, in addition to the final ones; 0 is the untrained network."""


class Network(Settings):
    """A network: its architecture, weights and input."""

    architecture: str
    """`cnn`, `mlp`, `vgg16-small` or `efficientnet-lite0`; a name in torchvision.models; `timm:NAME` or
    `transformers:NAME`, if the package is installed, with the NAME of a model on the hub or of a local
    folder; or `package.module:function` of your own, which returns a `torch.nn.Module`."""
    arguments: Arguments = {}
    """Keyword arguments for the architecture; for transformers, changes to the configuration. `1e-3` is read
    as a number."""
    classes: Annotated[int, Ge(2)] = 1000
    """Number of classes. Networks of timm and transformers have their own default."""
    weights: Annotated[str, HOME] = "random"
    """`train`; `random`; `torchvision:NAME` (`torchvision:DEFAULT` for the best) for networks of torchvision;
    `squeezenet1_1-caffe` or `efficientnet-lite0-tensorflow`, which are downloaded and belong to the
    architecture in their name; `pretrained` for the weights published with a network of timm or transformers,
    or in its local folder; or the path of a file, by safetensors or torch.save, with a state dict or a
    checkpoint that holds one."""
    logits: str | int | None = None
    """Item of the network's return value that holds the logits, by name or index, with dots between nested
    items; null for the item called `logits`, or the only one with the shape of logits."""
    input: Input = Input()
    training: Training | None = None
    """How the network is trained (weights `train` only); null for other weights."""

    @property
    def checkpoints(self) -> list[str]:
        """The names of the checkpoints in order: steps as numbers, then ``final``."""
        steps = self.training.checkpoints if self.weights == "train" and self.training else [0]
        return [*map(str, sorted(steps)), "final"]


class Run(Settings):
    """One network on one data set."""

    network: str
    """A name in `networks`."""
    dataset: str
    """A name in `datasets`."""
    split: str | None = None
    """The data set's split; null for `test` if it exists, else `all`, else the first one named."""
    layers: str | Layers = "all"
    """`all`: the input, outputs of nonlinearities, poolings and modules, and the logits; `nonlinear`: only
    outputs of nonlinearities; or a list of layers by their names in the network's graph."""
    n_images: Images | None = None
    """Size of the seeded random subset of images; null for all."""
    n_map_images: Images = 500
    """Number of these images whose activation maps are stored, the same at every checkpoint. Correlations
    between images, and measures derived from them, use these images."""
    correct_only: bool = False
    """Whether directions are computed only on images that the final network classifies correctly, among those
    with activation maps; needs the layer `output`, and the network's classes."""
    checkpoints: Literal["final", "all"] | Unique[NotNegative] = "final"
    """`final`; `all`; or a list of steps. A network that the study does not train has step 0, its random
    weights."""
    n_checkpoint_images: Images | None = 1000
    """Like `n_images`, for checkpoints other than the final one; at most `n_images`."""
    shards: Positive = 1
    """Number of jobs into which each forward pass of the run is split. On a cluster they can run in parallel
    on several machines. Results do not depend on it."""
    per_unit_layers: str | Layers = "nonlinear"
    """Layers for per-unit analyses: `nonlinear` for all outputs of nonlinearities among the run's layers; or
    a list of the run's layers."""
    units_per_layer: Literal["all"] | Annotated[int, Ge(2)] = 32
    """Number of units per layer in these analyses, a seeded random sample of at least 2; or `all`."""
    per_unit_checkpoints: Literal["first_and_final", "final", "all"] = "first_and_final"
    """Checkpoints for per-unit analyses: `first_and_final` for the final one and, if the run has it, the
    untrained network as a control; `final`; or `all`."""
    n_ablation_images: Images | None = None
    """Number of images on which units are ablated, a seeded random subset of the images with activation maps;
    null for all of them. Each unit takes a forward pass over these images through all downstream layers."""


class Jobs(Settings):
    """How work is split into jobs. Results do not depend on it."""

    minutes: Annotated[float, Gt(0), AS_WRITTEN] = 1
    """Expected minutes of a job on one core. Small layers share a job of about this length. A larger layer
    has its own job; activation maximization and ablation split its units over several. Another value
    recomputes the measures whose blocks change, with equal results."""


class Activations(Settings):
    """How activations are computed and stored."""

    batch: Positive = 32
    """Largest number of images in one forward pass. A CPU runs fewer, if their activations would not fit into
    its cache."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the forward pass."""
    dtype: Literal["float32", "float16"] = "float32"
    """Type in which activation maps are stored; `float16` halves them, and rounds each value by up to 0.05 %.
    All other values are stored as float32."""
    compression: Literal["none", "lz4", "zstd"] = "lz4"
    """Compression of activation maps. `none` is fastest and largest; `zstd` slowest and smallest."""
    positions: Positive = 8
    """Number of positions of a layer's activation maps, a seeded random sample, at which pre-activations are
    stored and axis alignment is tested, on the images with activation maps. All positions if there are
    fewer."""


class Atlas(Settings):
    """The atlas, a static site with a page for every unit."""

    images: Annotated[int, Ge(1), Le(100)] = 16
    """Number of images shown at each extreme of a unit; at most `measures.concepts.top` top images."""
    thumbnail: Pixels = 96
    """Largest height or width of an image in pixels; larger ones are shrunk."""
    visualization: Pixels = 112
    """Largest height or width of facets and activation-maximization images in pixels; larger ones are
    shrunk. Feature visualizations have up to twice this size."""
    maps: Annotated[int, Ge(1), Le(100)] = 6
    """Number of activation maps shown of a unit: those of the images with maps that activate it most."""
    map: Annotated[int, Ge(4), Le(100)] = 16
    """Largest height or width of an activation map; larger ones are reduced to the largest value in each
    cell."""
    image_units: Annotated[int, Ge(1), Le(100)] = 4
    """Number of units per layer on the page of an image: those that it activates most."""
    correlated_units: Annotated[int, Ge(1), Le(100)] = 8
    """Number of most correlated units of the same layer that are shown."""


class Figures(Settings):
    """The format of the figures."""

    formats: Annotated[Unique[Literal["png", "svg", "pdf"]], Len(1)] = ["png", "svg"]
    """File formats; figures of images are written in the first one only. The report shows the first."""
    width: Literal["column", "page"] = "page"
    """Width of figures: a column of a page, 3.5 inches; or a page, 7.2 inches. Figures of images or of
    many panels always take the width of a page."""
    dpi: Annotated[int, Ge(50), Le(1200)] = 150
    """Dots per inch of bitmaps."""


class Config(Settings):
    """The config of a study."""

    seed: NotNegative = 0
    """Seed of all random numbers: weights, order of training, subsets of images, bootstrap."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device on which networks run; `auto` takes a GPU if there is one."""
    datasets: dict[Name, Dataset]
    """Data sets of labeled images, by name. Only those that a run or a training uses are downloaded."""
    networks: dict[Name, Network]
    """Networks by name. Only those that a run uses are trained or downloaded."""
    runs: Annotated[list[Run], Len(1)]
    """Networks and the data sets on which they are recorded."""
    jobs: Jobs = Jobs()
    activations: Activations = Activations()
    measures: Measures = Measures()
    atlas: Atlas = Atlas()
    figures: Figures = Figures()

    def plain(self) -> dict[str, Any]:
        """Return the config as mappings, lists and scalars, as jobs read it."""
        datasets = {name: dataset.plain() for name, dataset in self.datasets.items()}
        return self.model_dump() | {"datasets": datasets}


def as_begun(config: Mapping[str, Any], *, in_job: bool) -> Mapping[str, Any]:
    """Return the config with which the study was started.

    On a cluster each job runs in its own Snakemake, which reads the config files again. They may have been
    edited since the jobs were planned. The first Snakemake therefore passes its config on in an environment
    variable, unless it is longer than 100,000 characters.

    Parameters
    ----------
    config : the config that this Snakemake read.
    in_job : whether this Snakemake runs a job; False if the user called it.
    """
    if in_job:
        return json.loads(os.environ.get(_HANDED_ON, "null")) or config
    os.environ.pop(_HANDED_ON, None)
    try:
        written = json.dumps(config)
    except TypeError:  # such as a date, which the check of the config reports
        return config
    if len(written) <= _LONGEST:
        os.environ[_HANDED_ON] = written
    return config


def read_config(written: Mapping[str, Any], cache: Path | None = None) -> Config:
    """Check the config and fill in defaults, home folders for ``~``, and the splits of runs.

    Parameters
    ----------
    written : the config as written.
    cache : folder for the input settings that timm and transformers define; None to disable caching.

    Raises
    ------
    StudyError : one line per fault, with the key and, for a misspelled name, the nearest valid one.
    """
    config = read(Config, written)
    networks = config.networks | {
        name: _with_own_input(config.networks[name], name, cache)
        for name in sorted({run.network for run in config.runs} & set(config.networks))
    }
    config = config.model_copy(update={"networks": networks})
    faults = list(_faults_between_keys(config))
    if faults:
        raise faulty(faults)
    runs = [
        run.model_copy(update={"split": run.split or _default_split(config.datasets[run.dataset])})
        for run in config.runs
    ]
    return config.model_copy(update={"runs": runs})


def file_of_weights(weights: str) -> str | None:
    """Return the path in ``networks.NAME.weights``; None for a keyword or the name of published weights.

    >>> file_of_weights("runs/best")
    'runs/best'
    >>> file_of_weights("torchvision:IMAGENET1K_V1.x")
    """
    named = weights in ("train", "random", HUB_WEIGHTS, *FETCHED_WEIGHTS) or ":" in weights.partition("/")[0]
    is_path = Path(weights).suffix or "/" in weights or os.path.isfile(weights)
    return weights if is_path and not named else None


def _with_own_input(network: Network, name: str, cache: Path | None) -> Network:
    """Return a network of timm or transformers with its own classes and input; others unchanged."""
    if not hub_of(network.architecture):
        return network
    entry = filled_in(network.model_dump(), network.model_dump(exclude_unset=True), name, cache)
    own = network.input.model_copy(update=entry["input"])
    return network.model_copy(update={"classes": entry["classes"], "input": own})


def _default_split(dataset: Dataset) -> str:
    return next((split for split in ("test", "all") if split in dataset.splits), dataset.splits[0])


def _faults_between_keys(config: Config) -> Iterator[str]:
    for name, dataset in config.datasets.items():
        yield from _faults_of_dataset(f"datasets.{name}", dataset)
    for name, network in config.networks.items():
        yield from _faults_of_network(f"networks.{name}", network, config.datasets)
    directions = config.measures.directions
    if directions.leading < directions.components:
        yield (
            f"measures.directions.leading: must be at least components, {directions.components}, not "
            f"{directions.leading}"
        )
    if config.measures.ablation.modes == ["optimal"]:
        yield (
            "measures.ablation.modes: 'optimal' is for single units only; add 'zero', 'mean' or 'resampled' "
            "for curves"
        )
    seen: dict[tuple[str, str], int] = {}
    for index, run in enumerate(config.runs):
        yield from _faults_of_run(f"runs[{index}]", run, config)
        first = seen.setdefault((run.network, run.dataset), index)
        if first != index:
            yield f"runs[{index}]: duplicates runs[{first}] ({run.network} on {run.dataset}); remove one"


def _faults_of_dataset(key: str, dataset: Dataset) -> Iterator[str]:
    for option, (sources, needed) in OPTIONS.items():
        given = getattr(dataset, option)
        if dataset.source in sources and given is None and needed:
            yield f"{key}: the source {dataset.source!r} needs the key {option!r}"
        elif dataset.source not in sources and given is not None:
            wanted = " and ".join(map(repr, sources))
            have = "sources {} have" if len(sources) > 1 else "source {} has"
            yield f"{key}.{option}: only the {have.format(wanted)} this key, not {dataset.source!r}"
    if dataset.source == "torchvision" and dataset.name not in (None, *TORCHVISION):
        hint = nearest(dataset.name, TORCHVISION)
        yield f"{key}.name: torchvision data set {dataset.name!r} is not supported{hint}"
    if dataset.source == "folder" and dataset.path is not None:
        try:
            classes_of(folders_of(dataset.plain()), key)
        except StudyError as error:
            yield str(error)


def _faults_of_network(key: str, network: Network, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    channels = 1 if network.input.color == "gray" else 3
    for option, values in (("mean", network.input.mean), ("std", network.input.std)):
        if len(values) != channels:
            yield f"{key}.input.{option}: color {network.input.color} needs {channels} number(s)"
    resize = network.input.resize
    if resize is not None and resize < network.input.size:
        yield f"{key}.input.resize: must be at least input.size, {network.input.size}, not {resize}"
    weights, training = network.weights, network.training
    if weights == "train":
        if training is None:
            yield f"{key}: weights 'train' need the key 'training'"
        elif training.dataset not in datasets:
            hint = nearest(training.dataset, datasets)
            yield f"{key}.training.dataset: there is no data set {training.dataset!r}{hint}"
        elif not {"train", "test"} <= set(datasets[training.dataset].splits):
            yield f"{key}.training.dataset: {training.dataset!r} needs both splits, train and test"
    elif training is not None:
        yield f"{key}.training: only weights 'train' use this key, not {weights!r}"
    elif (file := file_of_weights(weights)) is not None:
        try:
            format_of(Path(file))
        except StudyError as error:
            yield f"{key}.weights: {error}"
    else:
        words = _words_of_weights(network.architecture)
        kind = "torchvision:DEFAULT" if weights.startswith("torchvision:") else weights
        if kind not in words:
            elsewhere = kind in (HUB_WEIGHTS, "torchvision:DEFAULT", *FETCHED_WEIGHTS)
            whose = f" for {network.architecture!r}" if elsewhere else ""
            yield f"{key}.weights: {weights!r} is not valid{whose}{nearest(weights, words)}"


def _words_of_weights(architecture: str) -> list[str]:
    """Return the valid keywords for an architecture's weights, apart from files."""
    if hub_of(architecture):
        return ["train", "random", HUB_WEIGHTS]
    if ":" in architecture:
        return ["train", "random"]
    fetched = [name for name, whose in FETCHED_WEIGHTS.items() if whose == architecture]
    return ["train", "random", "torchvision:DEFAULT", *fetched]


def _faults_of_run(key: str, run: Run, config: Config) -> Iterator[str]:
    for option, name, valid in (
        ("network", run.network, config.networks),
        ("dataset", run.dataset, config.datasets),
    ):
        if name not in valid:
            yield f"{key}.{option}: there is no {option} {name!r}{nearest(name, valid)}"
            return
    known = config.datasets[run.dataset].splits
    if run.split is not None and run.split not in known:
        yield f"{key}.split: {run.dataset} has no split {run.split!r}{nearest(run.split, known)}"
    for option in ("layers", "per_unit_layers"):
        if renamed := renamed_value(f"{key}.{option}", getattr(run, option)):
            yield renamed
    network = config.networks[run.network]
    if network.weights == "train" and network.training is None:
        return  # reported with the network
    jitter = config.measures.activation_maximization.jitter
    if jitter >= network.input.size:
        yield (
            f"measures.activation_maximization.jitter: must be less than input.size of {run.network}, "
            f"{network.input.size}, not {jitter}"
        )
    if isinstance(run.checkpoints, list):
        steps = network.checkpoints[:-1]
        for step in run.checkpoints:
            if str(step) not in steps:
                hint = f"; valid: {', '.join(steps)}"
                yield f"{key}.checkpoints: {run.network} has no checkpoint {step}{hint}"
