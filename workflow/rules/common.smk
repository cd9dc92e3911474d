# What the other files here share - the checked config, its runs, paths, digests of code, input functions.
import json
import sys
from math import ceil
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from census.data.downloads import FETCHED_WEIGHTS
from census.data.folder import classes_of, last_changes
from census.data.sources import folder_of, folders_of, source_of, splits
from census.errors import StudyError
from census.networks.hubs import files_of_weights
from census.networks.listing import list_layers, own_code
from census.paths import ESCAPED, layer_name, path_name
from census.planning.config import as_begun, file_of_weights, read_config
from census.planning.digest import code_digest as code
from census.planning.names import with_names_of_layers

CONDA = "../../envs/study.yaml"
SOURCE = "results/sources/{source}"
DATASET = "results/data/{dataset}/{split}"
STORE = "results/activations/{network}/{checkpoint}/{dataset}/{layer}.zarr"
WEIGHTS = "results/networks/{network}/{checkpoint}.safetensors"

try:
    checked = read_config(
        as_begun(config, in_job=not workflow.is_main_process), Path("results/layers/inputs")
    )
    config = checked.plain()
    LAYERS = {
        name: list_layers(name, config["networks"][name], Path("results/layers"))
        for name in sorted({run["network"] for run in config["runs"]})
    }
    RUNS = [
        with_names_of_layers(run, LAYERS[run["network"]], f"config: runs[{index}]")
        for index, run in enumerate(config["runs"])
    ]
except StudyError as error:
    raise WorkflowError(str(error)) from None

# how many GPUs a job needs that runs a network; `auto` takes what there is, and so asks a cluster for none
GPUS = 1 if config["device"] == "cuda" else 0
# larger layers are multiplied in parts of about so many neurons, a job each
NEURONS_OF_JOB = 1_000_000
# memory in MB of the Snakemake that goes with each job where jobs are submitted
SNAKEMAKE_MB = 500
# the runs in which units are looked at one by one
UNIT_RUNS = [run for run in RUNS if run["unit_layers"]]


wildcard_constraints:
    network="|".join(sorted(config["networks"])),
    dataset="|".join(sorted(config["datasets"])),
    split="[a-z0-9_-]+",
    checkpoint="final|[0-9]+",
    layer=ESCAPED,


def fetched_files(wildcards):
    """Return the folder that is fetched for a data set; nothing for a folder of the user's."""
    source = source_of(config["datasets"][wildcards.dataset])
    return [] if source is None else SOURCE.format(source=source)


def classes_of_dataset(wildcards):
    """Return the names of classes in folders of the user's, one list for all splits; None for what is fetched."""
    folders = folders_of(config["datasets"][wildcards.dataset])
    return classes_of(folders, f"datasets.{wildcards.dataset}") if folders else None


def changes_of_dataset(wildcards):
    """Return a digest that changes with the class folders of a split; None for what is fetched."""
    folder = folder_of(config["datasets"][wildcards.dataset], wildcards.split)
    return None if folder is None else last_changes(folder)


def input_size(wildcards, key):
    """Return ``size`` or ``resize`` of a network's input; the latter is the former where it is not given."""
    entry = config["networks"][wildcards.network]["input"]
    return entry[key] or entry["size"]


def size_of_input(wildcards):
    """Return the size of a network's input."""
    return input_size(wildcards, "size")


def resize_of_input(wildcards):
    """Return the size to which images are brought before a network's input is cut out of them."""
    return input_size(wildcards, "resize")


def interpolation_of_input(wildcards):
    """Return how images are brought to that size."""
    return config["networks"][wildcards.network]["input"]["interpolation"]


def layer_of(wildcards):
    """Return the layer that the wildcard names."""
    layers = {layer.name: layer for layer in LAYERS[wildcards.network]}
    return layers[layer_name(wildcards.layer, layers)]


def units_named(wildcards):
    """Return the units of a layer that the config names to have facets."""
    return UNITS.get(wildcards.network, {}).get(layer_of(wildcards).name, [])


def network_settings(name):
    """Return what decides a network's weights, beside the data that it is trained on."""
    entry = config["networks"][name]
    return {**entry, "seed": config["seed"], "own_code": own_code(entry)}


def network_of(wildcards):
    """Return what a network is built from, and its input; weights are files of their own."""
    entry = config["networks"][wildcards.network]
    parts = ("architecture", "arguments", "classes", "weights", "input", "logits")
    return {**{name: entry[name] for name in parts}, "own_code": own_code(entry)}


def source_of_weights(wildcards):
    """Return the files or the folder from which a network's weights are brought in."""
    entry = config["networks"][wildcards.network]
    weights = entry["weights"]
    if weights == "pretrained":
        return files_of_weights(entry["architecture"])
    if weights in FETCHED_WEIGHTS:
        return SOURCE.format(source=weights)
    return file_of_weights(weights) or []


def pass_settings(run, checkpoint):
    """Return all that decides the numbers in a layer's store, beside weights and images themselves."""
    network = config["networks"][run["network"]]
    images = run["images"] if checkpoint == "final" else run["checkpoint_images"]
    return {
        "network": {
            name: network[name] for name in ("architecture", "arguments", "classes", "input", "logits")
        },
        "weights": network["weights"],
        "split": run["split"],
        "images": images,
        "maps": run["maps"],
        "seed": config["seed"],
        "activations": config["activations"],
        "own_code": own_code(network),
        "code": code("extract.py"),
    }


def checkpoints(run):
    """Return the checkpoints of a run's network that the run looks at, in order of steps."""
    known = checked.networks[run["network"]].checkpoints
    wanted = run["checkpoints"]
    if wanted == "all":
        return known
    return [*(str(step) for step in sorted([] if wanted == "final" else wanted)), "final"]


def run_of(wildcards):
    """Return the run of a network and a data set."""
    return next(
        run for run in RUNS if (run["network"], run["dataset"]) == (wildcards.network, wildcards.dataset)
    )


def images_of_run(wildcards):
    """Return the store of the images that a run's network sees."""
    return DATASET.format(dataset=wildcards.dataset, split=run_of(wildcards)["split"]) + ".zarr"


def units_of_run(wildcards):
    """Return how many units of a layer are looked at one by one."""
    return run_of(wildcards)["units"]


def number_of_images(wildcards):
    """Return how many images a run's final network sees; None for all of them."""
    return run_of(wildcards)["images"]


def labels_are_known(wildcards):
    """Return whether the labels of a network and a data set are what the network was trained to name."""
    return names_labels(run_of(wildcards))


def images_of_ablation(wildcards):
    """Return on how many images units are taken out of a run's network."""
    run = run_of(wildcards)
    return min(run["maps"], run["ablation_images"] or run["maps"])


def training_images_of_ablation(wildcards):
    """Return the store of the images over which units are averaged; none where there are none, or no need."""
    entry = config["datasets"][wildcards.dataset]
    if "mean" not in config["measures"]["ablation"]["modes"] or "train" not in splits(entry):
        return []
    return DATASET.format(dataset=wildcards.dataset, split="train") + ".zarr"


def with_layers(pattern, layers):
    """Return the files of a pattern for several layers; other wildcards stay."""
    return expand(pattern, layer=map(path_name, layers), allow_missing=True)


def layers_of_run(pattern):
    """Return an input function: the files of a pattern for every layer of a run, in order of depth."""

    def files(wildcards):
        return with_layers(pattern, run_of(wildcards)["layers"])

    return files


def unit_layers_of_run(pattern):
    """Return an input function: the files of a pattern for the layers whose units are looked at one by one."""

    def files(wildcards):
        return with_layers(pattern, run_of(wildcards)["unit_layers"])

    return files


def some_unit_layers_of_run(pattern, number):
    """Return an input function: the files of a pattern for so many of these layers, spread evenly along depth."""

    def files(wildcards):
        layers = run_of(wildcards)["unit_layers"]
        wanted = min(number, len(layers))
        # the first and the last are among them
        places = [round(place * (len(layers) - 1) / max(1, wanted - 1)) for place in range(wanted)]
        return with_layers(pattern, [layers[place] for place in places])

    return files


def of_unit_layers(pattern):
    """Return an input function: a file about all of these layers of a run; none where it has no such layers."""

    def files(wildcards):
        return expand(pattern, allow_missing=True) if run_of(wildcards)["unit_layers"] else []

    return files


def unit_checkpoints(run):
    """Return the checkpoints at which units are looked at one by one, in order of steps."""
    wanted = {"final": ["final"], "ends": ["0", "final"], "all": checkpoints(run)}[run["unit_checkpoints"]]
    return [checkpoint for checkpoint in checkpoints(run) if checkpoint in wanted]


def weights_of_units(wildcards):
    """Return the weights at each of these checkpoints of a run, in order of steps."""
    return expand(WEIGHTS, checkpoint=unit_checkpoints(run_of(wildcards)), allow_missing=True)


def stores_of_units(wildcards):
    """Return the stores of a layer at each of these checkpoints of its run, in order of steps."""
    return expand(STORE, checkpoint=unit_checkpoints(run_of(wildcards)), allow_missing=True)


def stores_of_units_and_control(wildcards):
    """Return the stores at these checkpoints and, where the run has it, of the untrained network."""
    run = run_of(wildcards)
    wanted = {"0", *unit_checkpoints(run)}
    return expand(STORE, checkpoint=[each for each in checkpoints(run) if each in wanted], allow_missing=True)


def stores_of_layer(wildcards):
    """Return the stores of a layer at every checkpoint of its run, in order of steps."""
    return expand(STORE, checkpoint=checkpoints(run_of(wildcards)), allow_missing=True)


def gram_of_layer(wildcards):
    """Return a layer's Gram matrices; nothing where a run has maps of too many images to be decomposed by one."""
    return [GRAM] if has_gram(run_of(wildcards)) else []


def number_of_gram_parts(wildcards):
    """Return into how many parts a layer's neurons are cut."""
    return ceil(layer_of(wildcards).n_neurons / NEURONS_OF_JOB)


def parts_of_gram(wildcards):
    """Return what is found over each part of a layer's neurons; nothing where one job does it all."""
    parts = number_of_gram_parts(wildcards)
    return expand(GRAM_PART, part=range(parts), allow_missing=True) if parts > 1 else []


def logits_of_run(wildcards):
    """Return the store of the final network's logits, where only rightly classified images count."""
    only = run_of(wildcards)["correct_only"]
    return expand(STORE, checkpoint="final", layer="output", allow_missing=True) if only else []


def has_gram(run):
    """Return whether a run has maps of few enough images for directions to be found from Gram matrices."""
    return run["maps"] <= config["measures"]["directions"]["gram_images"]


def has_branches(run):
    """Return whether some of a run's layers lie in branches of the network."""
    return any(layer.branch_of for layer in LAYERS[run["network"]] if layer.name in run["layers"])


def has_rectified(run):
    """Return whether some of a run's layers are rectified."""
    kinds = {layer.name: layer.kind for layer in LAYERS[run["network"]]}
    return any(kinds[name] == "rectifier" for name in run["layers"])


def names_labels(run):
    """Return whether a run's labels are what its network was trained to name."""
    training = config["networks"][run["network"]]["training"]
    return training is not None and training["dataset"] == run["dataset"]


def has_performance(run):
    """Return whether a run's labels are what its network was trained to name, and its logits are recorded."""
    return names_labels(run) and "output" in run["layers"]


def memory(megabytes):
    """Return a resource function: a job's memory in MB, as often as it has been tried, and that of its Snakemake.

    Parameters
    ----------
    megabytes : what the job's own process takes; or a function of wildcards that says so.
    """

    def needed(wildcards, attempt):
        own = megabytes(wildcards) if callable(megabytes) else megabytes
        return SNAKEMAKE_MB + attempt * own

    return needed


def memory_of_pass(run):
    """Return the memory in MB of a forward pass over a run's network: it grows with a batch, not with images."""
    batch, layers = config["activations"]["batch"], LAYERS[run["network"]]
    # the tensors that live at once, and what is computed between them, as multiples of the largest; measured on
    # SqueezeNet, see docs/scaling.md
    tensors = 14 * max(layer.n_neurons for layer in layers) * batch * 4
    # four summaries, 4 bytes each, of a chunk of about 512 images
    units = sum(layer.shape[0] for layer in layers if layer.name in run["layers"])
    return 1000 + round((tensors + 16 * units * max(512, batch)) / 1e6)


def runtime_of_pass(run, images, shards):
    """Return a resource function: the most minutes that a job of a pass should take, twice what is expected.

    Parameters
    ----------
    run : whose network it is.
    images : how many are wanted; None for all.
    shards : how many jobs share them.
    """
    # multiplications per neuron as in VGG16, of which few networks have more; on one core
    seconds = sum(layer.n_neurons for layer in LAYERS[run["network"]]) * 1200 / 1e10

    def minutes(wildcards, input, threads):
        # where the images are not there yet, Snakemake learns it from an error that names its input, and asks again
        Path(input.images).stat()
        here = json.loads((Path(input.images) / "zarr.json").read_text())["attributes"]["n_images"]
        seen = here if images is None else min(here, images)
        return 10 + ceil(2 * seen / shards * seconds / threads / 60)

    return minutes


def memory_of_matrices(count):
    """Return a resource function: the memory of a job that holds so many image-by-image matrices of a run.

    Parameters
    ----------
    count : function of the run, how many of them.
    """

    def megabytes(wildcards):
        run = run_of(wildcards)
        # a block of 4 MB per 32 images, too
        return 1000 + round(0.14 * run["maps"] + count(run) * 8e-6 * run["maps"] ** 2)

    return memory(megabytes)


def of_runs(pattern, runs):
    """Return the files of a pattern for several runs."""
    return [path for run in runs for path in expand(pattern, network=run["network"], dataset=run["dataset"])]


def of_layers(pattern, key="layers"):
    """Return the files of a pattern for all layers, or those of another of their keys, of all runs."""
    return [
        path
        for run in RUNS
        for path in expand(with_layers(pattern, run[key]), network=run["network"], dataset=run["dataset"])
    ]
