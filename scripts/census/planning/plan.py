"""The plan of a study: the files that its jobs read and write.

The plan does not depend on Snakemake. Rules use methods of :class:`Plan` that take wildcards as input
functions and as parameters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self, TypeVar, cast

from census.data.downloads import FETCHED_WEIGHTS
from census.data.folder import classes_of, last_changes
from census.data.sources import folder_of, folders_of, source_of
from census.errors import StudyError, nearest
from census.measures.declaration import Recordings
from census.networks.hubs import files_of_weights
from census.networks.layers import Layer
from census.planning.blocks import Block
from census.planning.config import HUB_WEIGHTS, Config, file_of_weights
from census.planning.listing import list_layers
from census.planning.recorded import Recorded
from census.planning.replicas import Replica, replicas
from census.planning.runs import Kind, Run, gram_parts
from census.stores.paths import ARCHIVE, layer_name, path_name

SOURCE = "results/sources/{source}"
GRAM_PART = f"results/parts/gram/{{network}}/{{dataset}}/{{layer}}/{{part}}.{ARCHIVE}"


class Place(Protocol):
    """The wildcards of a job; not every job has all of them."""

    network: str
    dataset: str
    split: str
    layer: str
    block: str


Value = TypeVar("Value")
Files = Callable[[Place], list[str]]


@dataclass(frozen=True)
class Plan:
    """A study to be run.

    Attributes
    ----------
    config : the checked config.
    failed : seeds from which training failed, by the network's key in the config; they are left out.
    replicas : networks by name; see :class:`census.planning.replicas.Replica`.
    layers : all layers of each network that has a run, by the network's key in the config.
    runs : runs in the order of the config.
    facet_units : unit indices of ``measures.facets.units``, by network and layer.
    loadings : layers of ``measures.directions.loadings``, by network.
    """

    config: Config
    failed: Mapping[str, Sequence[int]]
    replicas: Mapping[str, Replica]
    layers: Mapping[str, Sequence[Layer]]
    runs: tuple[Run, ...]
    facet_units: Mapping[str, Mapping[str, Sequence[int]]]
    loadings: Mapping[str, Sequence[str]]

    @classmethod
    def of(
        cls,
        config: Config,
        layers: Mapping[str, Sequence[Layer]],
        failed: Mapping[str, Sequence[int]] = MappingProxyType({}),
    ) -> Self:
        """Return the plan of a study; see the attributes.

        Raises
        ------
        StudyError : a config key names a layer or a unit that does not exist.
        """
        networks = replicas(config, failed)
        runs = tuple(
            Run.of(run, replica, networks[run.network], config, layers[run.network], f"config: runs[{index}]")
            for index, run in enumerate(config.runs)
            for replica in networks[run.network]
        )
        recorded = Recorded(layers, runs)
        return cls(
            config,
            failed,
            {replica.name: replica for entry in networks.values() for replica in entry},
            layers,
            runs,
            recorded.units(config.measures.facets.units or {}, "config: measures.facets.units"),
            recorded.layers(
                config.measures.directions.loadings or {}, "config: measures.directions.loadings"
            ),
        )

    @property
    def unit_runs(self) -> list[Run]:
        """The runs with per-unit analyses."""
        return [run for run in self.runs if run.per_unit_layers]

    @property
    def gpus(self) -> int:
        """Number of GPUs that a job with a network requests."""
        # `auto` uses a GPU if there is one, but requests none from a cluster
        return 1 if self.config.device == "cuda" else 0

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Run]:
        return {(run.network, run.dataset): run for run in self.runs}

    def run_of(self, wildcards: Place) -> Run:
        """Return the run of a network and a data set."""
        return self._by_place[wildcards.network, wildcards.dataset]

    def block_of(self, wildcards: Place, kind: Kind) -> Block:
        """Return the block that a job processes.

        Raises
        ------
        StudyError : the study has no such block, for example after a change of ``jobs.minutes``.
        """
        blocks = self.run_of(wildcards).blocks[kind]
        if wildcards.block not in blocks:
            raise StudyError(
                f"{wildcards.network} on {wildcards.dataset} has no block {wildcards.block!r} of {kind}"
                f"{nearest(wildcards.block, blocks)}"
            )
        return blocks[wildcards.block]

    def of_run(self, get: Callable[[Run], Value]) -> Callable[[Place], Value]:
        """Return a function of wildcards that applies ``get`` to the job's run."""
        return lambda wildcards: get(self.run_of(wildcards))

    # input functions

    def stores_of_layer(self, wildcards: Place) -> list[str]:
        """Return the stores of a layer at every checkpoint, in order of steps."""
        run = self.run_of(wildcards)
        return run.stores([self.layer_of(wildcards).name], run.checkpoints)

    def recordings(self, wildcards: Place, jobs: str, reads: Recordings) -> list[str]:
        """Return the stores that a job reads, ordered by layer, then network, then step.

        Parameters
        ----------
        wildcards : wildcards of the job.
        jobs : kind of the job's block, or ``run``.
        reads : declaration of the recordings that the job reads.
        """
        run = self.run_of(wildcards)
        names = run.layers if jobs == "run" else self.block_of(wildcards, cast(Kind, jobs)).layers
        if reads.layers == "output":
            names = ("output",)
        elif reads.layers == "per_unit_layers":
            names = tuple(name for name in names if name in run.per_unit_layers)
        wanted = {
            "all": run.checkpoints,
            "units": run.per_unit_checkpoints,
            "units_and_untrained": ["0", *run.per_unit_checkpoints],
            "final": ["final"],
        }[reads.checkpoints]
        checkpoints = [each for each in run.checkpoints if each in wanted]
        networks = run.siblings if reads.all_seeds else (run.network,)
        runs = [self._by_place[network, run.dataset] for network in networks]
        return [store for name in names for each in runs for store in each.stores([name], checkpoints)]

    def parts_of_gram(self, wildcards: Place) -> list[str]:
        """Return the partial Gram matrices of a block's larger layers."""
        run = self.run_of(wildcards)
        return [
            run.path(GRAM_PART, layer=path_name(layer), part=str(part))
            for layer, parts in run.gram_parts(self.block_of(wildcards, "layers")).items()
            for part in range(parts)
        ]

    def files_of_dataset(self, wildcards: Place) -> str | list[str]:
        """Return the folder fetched for a data set; nothing for a user's own folder."""
        source = source_of(self.config.datasets[wildcards.dataset].plain())
        return [] if source is None else SOURCE.format(source=source)

    def source_of_weights(self, wildcards: Place) -> str | list[str]:
        """Return the files or the folder from which a network's weights are imported."""
        entry = self.replicas[wildcards.network].entry
        if entry.weights == HUB_WEIGHTS:
            return files_of_weights(entry.architecture)
        if entry.weights in FETCHED_WEIGHTS:
            return SOURCE.format(source=entry.weights)
        return file_of_weights(entry.weights) or []

    # input functions for a pattern of paths

    def blocks_of_run(self, pattern: str, kind: Kind) -> Files:
        """Return an input function for the files of a run's blocks, in order of depth."""
        return self.of_run(lambda run: [run.path(pattern, block=block) for block in run.blocks[kind]])

    def per_unit_layers_of_run(self, pattern: str) -> Files:
        """Return an input function for the files of blocks that hold a run's ``per_unit_layers``."""
        return self.of_run(lambda run: run.files_with(pattern, run.per_unit_layers))

    def file_if(self, pattern: str, condition: Callable[[Run], bool]) -> Files:
        """Return an input function for a file of a run; no file if the condition is false."""
        return self.of_run(lambda run: [run.path(pattern)] if condition(run) else [])

    def measured_layers(self, pattern: str, kind: Kind) -> Files:
        """Return an input function for a measure's files of the layers in a job's block.

        Parameters
        ----------
        pattern : path of the measure's files, with the wildcard ``block``.
        kind : kind of the job's block, which may differ from the measure's.
        """

        def files(wildcards: Place) -> list[str]:
            return self.run_of(wildcards).files_with(pattern, self.block_of(wildcards, kind).layers)

        return files

    def where(self, condition: Callable[[Run], bool], files: Files | str) -> Files:
        """Return an input function for files, or those of a pattern; no files if the condition is false."""

        def chosen(wildcards: Place) -> list[str]:
            if not condition(self.run_of(wildcards)):
                return []
            return files(wildcards) if callable(files) else [files.format_map(vars(wildcards))]

        return chosen

    def parts_of_block(self, pattern: str) -> Files:
        """Return an input function for the files of the parts of a block, in order."""

        def files(wildcards: Place) -> list[str]:
            parts = self.block_of(wildcards, "units").parts
            run = self.run_of(wildcards)
            return [run.path(pattern, block=wildcards.block, part=str(part)) for part in range(parts)]

        return files

    # files of all runs

    def of_runs(self, pattern: str, runs: Iterable[Run] | None = None) -> list[str]:
        """Return the files of a pattern for the given runs, or for all runs."""
        return [run.path(pattern) for run in (self.runs if runs is None else runs)]

    def of_blocks(self, pattern: str, kind: Kind) -> list[str]:
        """Return the files of a pattern for all blocks of all runs."""
        return [run.path(pattern, block=block) for run in self.runs for block in run.blocks[kind]]

    def of_per_unit_layers(self, pattern: str) -> list[str]:
        """Return the files of a pattern for all blocks of measures that hold ``per_unit_layers``."""
        return [file for run in self.unit_runs for file in run.files_with(pattern, run.per_unit_layers)]

    # parameters

    def layers_of_block(self, kind: Kind) -> Callable[[Place], list[str]]:
        """Return a parameter function for the names of a block's layers."""
        return lambda wildcards: list(self.block_of(wildcards, kind).layers)

    def layer_of(self, wildcards: Place) -> Layer:
        """Return the layer that a wildcard names."""
        layers = {layer.name: layer for layer in self.layers[self.replicas[wildcards.network].network]}
        return layers[layer_name(wildcards.layer, layers)]

    def gram_parts_of_layer(self, wildcards: Place) -> int:
        """Return the number of parts into which the neurons of a layer are split."""
        return gram_parts(self.layer_of(wildcards))

    def layers_with_loadings(self, wildcards: Place) -> list[str]:
        """Return the layers of a network whose loadings are stored."""
        return list(self.loadings.get(self.replicas[wildcards.network].network, ()))

    def units_with_facets(self, wildcards: Place) -> dict[str, list[int]]:
        """Return the units of a block for which the config requests facets, by layer."""
        named = self.facet_units.get(self.replicas[wildcards.network].network, {})
        return {
            layer: list(named[layer]) for layer in self.block_of(wildcards, "facets").layers if layer in named
        }

    def ablation_mode(self, wildcards: Place) -> str:
        """Return the ablation mode whose effects are compared with other measures."""
        return self.config.measures.ablation.modes[0]

    def number_of_parts(self, wildcards: Place) -> int:
        """Return the number of parts into which the units of a block are split."""
        return self.block_of(wildcards, "units").parts

    def settings_of_dataset(self, wildcards: Place) -> dict[str, Any]:
        """Return the config entry of a data set, sorted by key."""
        return dict(sorted(self.config.datasets[wildcards.dataset].plain().items()))

    def classes_of_dataset(self, wildcards: Place) -> list[str] | None:
        """Return the class names of all splits in the user's folders; None for fetched data."""
        folders = folders_of(self.config.datasets[wildcards.dataset].plain())
        return classes_of(folders, f"datasets.{wildcards.dataset}") if folders else None

    def changes_of_dataset(self, wildcards: Place) -> str | None:
        """Return a digest that changes with the class folders of a split; None for fetched data."""
        folder = folder_of(self.config.datasets[wildcards.dataset].plain(), wildcards.split)
        return None if folder is None else last_changes(folder)


def read_layers(config: Config, folder: Path) -> dict[str, list[Layer]]:
    """Return all layers of each network that has a run.

    Parameters
    ----------
    config : the config.
    folder : cache of the layers, see :func:`census.planning.listing.list_layers`.
    """
    names = sorted({run.network for run in config.runs})
    return {name: list_layers(name, config.networks[name].model_dump(), folder) for name in names}
