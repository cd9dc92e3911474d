"""A run of a study: a network on a data set, with its layers, checkpoints, blocks and files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Literal, Self

from census.errors import StudyError
from census.networks.layers import Layer, select
from census.planning.blocks import Block, parts_of, stretches
from census.planning.config import Config, Network
from census.planning.config import Run as RunSettings
from census.planning.listing import own_code
from census.planning.replicas import Replica
from census.stores.paths import path_name

DATASET = "results/data/{dataset}/{split}"
WEIGHTS = "results/networks/{network}/{checkpoint}.safetensors"
STORE = "results/activations/{network}/{checkpoint}/{dataset}/{layer}.zarr.zip"

# Gram matrices of larger layers are computed in parts of about this many neurons, one job each
NEURONS_OF_JOB = 1_000_000
# assumed number of images of a run on its whole data set, for expected times
SOME_IMAGES = 10_000
# Expected seconds on one core, measured on the default study:
# to open a layer's store; per value of activation maps; per mean of a unit on an image
STORE_SECONDS, VALUE_SECONDS, MEAN_SECONDS = 0.1, 2e-8, 3e-8
# per neuron of the network in a forward pass over one image; for the facets of a unit
NEURON_SECONDS, FACETS_SECONDS = 1e-9, 0.1
# of all families of directions, per direction, channel vector and unit, as if layers had so many units more
FITS_SECONDS, FITS_UNITS = 2e-8, 500
# a step of activation maximization costs about 3 forward passes (one forward, one backward), for each of 2
# objectives
PASSES_OF_STEP = 2 * 3
# of activation maximization, for expected times: images converge within 25 to 40 steps on average
SOME_STEPS = 36

Kind = Literal["layers", "units", "facets", "dictionaries"]
"""Kind of a block's jobs: measures of layers, per-unit analyses, facets, or families of directions."""


@dataclass(frozen=True)
class Run:
    """A network on a data set.

    Attributes
    ----------
    settings : config entry of the run.
    replica : network of the run; one config entry has several if it is trained from several seeds.
    siblings : names of all networks of that entry, in the order of its seeds.
    config : the whole config.
    known : all layers of the network, by depth.
    layers : names of the recorded layers, by depth.
    per_unit_layers : names of the recorded layers with per-unit analyses.
    checkpoints : names of the checkpoints, in order of steps.
    """

    settings: RunSettings
    replica: Replica
    siblings: tuple[str, ...]
    config: Config
    known: tuple[Layer, ...]
    layers: tuple[str, ...]
    per_unit_layers: tuple[str, ...]
    checkpoints: tuple[str, ...]

    @classmethod
    def of(
        cls,
        settings: RunSettings,
        replica: Replica,
        siblings: Sequence[Replica],
        config: Config,
        known: Sequence[Layer],
        key: str,
    ) -> Self:
        """Return a run with its selections of layers and checkpoints resolved.

        Parameters
        ----------
        settings, replica, config, known : see the attributes.
        siblings : all networks of the config entry.
        key : the run's key in the config, for messages.

        Raises
        ------
        StudyError : the network has no such layer; ``per_unit_layers`` names a layer that is not in
            ``layers``; or ``correct_only`` is set without the layer ``output``.
        """
        recorded = select(known, settings.layers, f"{key}.layers")
        one_by_one = select(known, settings.per_unit_layers, f"{key}.per_unit_layers")
        if settings.per_unit_layers == "nonlinear":
            one_by_one = [layer for layer in one_by_one if layer in recorded]
        for layer in one_by_one:
            if layer not in recorded:
                raise StudyError(f"{key}.per_unit_layers: {layer.name!r} is not among this run's layers")
        names = tuple(layer.name for layer in recorded)
        if settings.correct_only and "output" not in names:
            raise StudyError(f"{key}.correct_only: needs the layer 'output' among layers")
        return cls(
            settings,
            replica,
            tuple(each.name for each in siblings),
            config,
            tuple(known),
            names,
            tuple(layer.name for layer in one_by_one),
            tuple(_checkpoints(settings.checkpoints, replica.entry)),
        )

    @property
    def network(self) -> str:
        """Name of the network in paths."""
        return self.replica.name

    @property
    def entry(self) -> Network:
        """Its network's entry in the config."""
        return self.replica.entry

    @property
    def key(self) -> dict[str, str | int]:
        """The census columns that identify the run."""
        return {**self.replica.key, "dataset": self.dataset}

    @property
    def title(self) -> str:
        """Its name in figures."""
        return f"{self.replica.title} on {self.dataset}"

    @property
    def seeds(self) -> list[str]:
        """Names of all networks of its config entry; empty if there is only one."""
        return list(self.siblings) if len(self.siblings) > 1 else []

    @property
    def stands_for_seeds(self) -> bool:
        """Whether its network is the first of several seeds and carries their shared results."""
        return len(self.siblings) > 1 and self.network == self.siblings[0]

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.settings.dataset

    @property
    def images(self) -> str:
        """The store of the images shown to the network."""
        return DATASET.format(dataset=self.dataset, split=self.settings.split) + ".zarr"

    @property
    def training_images(self) -> list[str]:
        """The store of the images for mean ablation; empty if mean ablation is off or there are none."""
        splits = self.config.datasets[self.dataset].splits
        if {"mean", "optimal"}.isdisjoint(self.config.measures.ablation.modes) or "train" not in splits:
            return []
        return [DATASET.format(dataset=self.dataset, split="train") + ".zarr"]

    @property
    def n_ablation_images(self) -> int:
        """Number of images on which units are ablated."""
        return min(self.settings.n_map_images, self.settings.n_ablation_images or self.settings.n_map_images)

    @property
    def input_resize(self) -> int:
        """Height and width to which images are resized before the network's input is cropped."""
        return self.entry.input.resize or self.entry.input.size

    @property
    def built_from(self) -> dict[str, Any]:
        """The settings from which the network is built, without the content of its weights."""
        entry = self.entry.model_dump()
        parts = ("architecture", "arguments", "classes", "weights", "input", "logits")
        return {**{name: entry[name] for name in parts}, "own_code": own_code(entry)}

    @property
    def final_stores(self) -> list[str]:
        """The stores of the final network's recorded layers, by depth."""
        return self.stores(self.layers, ["final"])

    @property
    def unit_weights(self) -> list[str]:
        """The weights at the checkpoints of per-unit analyses, in order of steps."""
        return [WEIGHTS.format(network=self.network, checkpoint=each) for each in self.per_unit_checkpoints]

    @property
    def per_unit_checkpoints(self) -> list[str]:
        """The checkpoints of per-unit analyses, in order of steps."""
        wanted = {"final": ("final",), "first_and_final": ("0", "final"), "all": self.checkpoints}
        chosen = wanted[self.settings.per_unit_checkpoints]
        return [checkpoint for checkpoint in self.checkpoints if checkpoint in chosen]

    @property
    def has_learning(self) -> bool:
        """Whether there are checkpoints between the untrained and the final network."""
        return len(self.checkpoints) > 2

    @property
    def has_branches(self) -> bool:
        """Whether some of its layers are in branches of the network."""
        return any(layer.branch_of for layer in self.recorded)

    @property
    def has_nonlinear(self) -> bool:
        """Whether some of its layers are nonlinear."""
        return any(layer.kind == "nonlinearity" for layer in self.recorded)

    @property
    def has_gram(self) -> bool:
        """Whether directions are computed from Gram matrices, because few enough images have maps."""
        return self.settings.n_map_images <= self.config.measures.directions.gram_images

    @property
    def has_families(self) -> bool:
        """Whether families of directions are fitted to some of its layers."""
        return bool(self.per_unit_layers and self.config.measures.dictionaries.families)

    @property
    def has_visualizations(self) -> bool:
        """Whether some of its units have feature visualizations."""
        return bool(self.per_unit_layers and self.config.measures.feature_visualization.units_per_layer)

    @property
    def n_ablated_directions(self) -> int:
        """Number of directions of each family that are ablated."""
        wanted, units = self.config.measures.dictionaries.ablated, self.settings.units_per_layer
        return wanted if units == "all" else min(wanted, -(-units // 2))

    @property
    def names_labels(self) -> bool:
        """Whether the network was trained to predict the labels of the data set."""
        return self.entry.training is not None and self.entry.training.dataset == self.dataset

    @property
    def has_performance(self) -> bool:
        """Whether the network was trained on these labels, and its logits are recorded."""
        return self.names_labels and "output" in self.layers

    @cached_property
    def recorded(self) -> list[Layer]:
        """The recorded layers."""
        names = set(self.layers)
        return [layer for layer in self.known if layer.name in names]

    def path(self, pattern: str, **values: str) -> str:
        """Return a file of this run."""
        return pattern.format(network=self.network, dataset=self.dataset, **values)

    def stores(self, layers: Iterable[str], checkpoints: Iterable[str]) -> list[str]:
        """Return the stores of layers at checkpoints, layer by layer."""
        wanted = list(checkpoints)
        return [
            self.path(STORE, layer=path_name(layer), checkpoint=checkpoint)
            for layer in layers
            for checkpoint in wanted
        ]

    # blocks

    @cached_property
    def blocks(self) -> dict[Kind, dict[str, Block]]:
        """The blocks of its layers by name, in order of depth, for each kind of work."""
        return {
            "layers": self._blocks(self.seconds_of_layer, self.layers),
            "facets": self._blocks(self._seconds_of_facets, self.layers),
            "units": self._blocks(self._seconds_of_units, self.per_unit_layers, split=True),
            "dictionaries": self._blocks(
                self._seconds_of_dictionaries, self.per_unit_layers if self.has_families else ()
            ),
        }

    def files_with(self, pattern: str, layers: Iterable[str]) -> list[str]:
        """Return the files of the blocks that hold some of these layers, for a measure of layers."""
        blocks, wanted = self.blocks["layers"], set(layers)
        return [
            self.path(pattern, block=name)
            for name, block in blocks.items()
            if wanted.intersection(block.layers)
        ]

    def gram_parts(self, block: Block) -> dict[str, int]:
        """Return the number of parts of each layer of a block whose neurons are split into several."""
        wanted = set(block.layers)
        parts = {layer.name: gram_parts(layer) for layer in self.recorded if layer.name in wanted}
        return {name: count for name, count in parts.items() if count > 1}

    def n_units(self, layer: Layer) -> int:
        """Return the number of units of a layer that have per-unit analyses."""
        wanted = self.settings.units_per_layer
        return layer.shape[0] if wanted == "all" else min(wanted, layer.shape[0])

    def _blocks(
        self, seconds: Callable[[Layer], float], chosen: Iterable[str], *, split: bool = False
    ) -> dict[str, Block]:
        wanted, limit = set(chosen), 60 * self.config.jobs.minutes
        expected = [seconds(layer) for layer in self.known]
        found = {}
        for stretch in stretches(expected, limit):
            names = tuple(self.known[place].name for place in stretch if self.known[place].name in wanted)
            if not names:
                continue
            first, last = stretch[0], stretch[-1]
            parts = parts_of(self.n_units(self.known[first]), expected[first], limit) if split else 1
            single = len(stretch) == 1 and parts > 1
            name = f"{first:04d}" if single else f"{first:04d}-{last:04d}"
            found[name] = Block(name, names, parts if single else 1)
        return found

    def seconds_of_layer(self, layer: Layer, images: int | None = None) -> float:
        """Return the expected seconds of measuring a layer, on one core.

        Parameters
        ----------
        layer : the layer.
        images : number of images in its store; None for the number in the config.
        """
        values = layer.n_neurons * self.settings.n_map_images * VALUE_SECONDS
        means = layer.shape[0] * (images or self.settings.n_images or SOME_IMAGES) * MEAN_SECONDS
        return len(self.checkpoints) * (STORE_SECONDS + values + means)

    def _seconds_of_units(self, layer: Layer) -> float:
        maximization = self.config.measures.activation_maximization
        steps = maximization.steps if maximization.jitter else min(maximization.steps, SOME_STEPS)
        passes = maximization.seeds * steps * PASSES_OF_STEP + self.n_ablation_images
        return len(self.per_unit_checkpoints) * self.n_units(layer) * passes * self._pass_seconds

    def _seconds_of_facets(self, layer: Layer) -> float:
        settings = self.config.measures.facets
        wanted = layer.shape[0] if settings.all else min(2 * settings.units_per_extreme, layer.shape[0])
        return STORE_SECONDS + wanted * FACETS_SECONDS

    def _seconds_of_dictionaries(self, layer: Layer) -> float:
        if layer.name not in self.per_unit_layers:
            return 0.0
        settings = self.config.measures.dictionaries
        directions = min(settings.directions, layer.shape[0] // 2)
        return STORE_SECONDS + directions * settings.vectors * (layer.shape[0] + FITS_UNITS) * FITS_SECONDS

    @cached_property
    def _pass_seconds(self) -> float:
        return sum(layer.n_neurons for layer in self.known) * NEURON_SECONDS


def gram_parts(layer: Layer) -> int:
    """Return the number of parts into which a layer's neurons are split for its Gram matrix."""
    return ceil(layer.n_neurons / NEURONS_OF_JOB)


def _checkpoints(wanted: str | Sequence[int], entry: Network) -> list[str]:
    if wanted == "all":
        return entry.checkpoints
    return [*(str(step) for step in sorted([] if isinstance(wanted, str) else wanted)), "final"]
