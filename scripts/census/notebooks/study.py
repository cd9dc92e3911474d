"""A finished study: its tables as pandas objects, its stores as xarray ones, its units as objects."""

import html
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from census.errors import StudyError, nearest
from census.figures.style import FINAL
from census.notebooks.views import Run
from census.stores.paths import ARCHIVE, layer_name, path_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Study:
    """The results of a study.

    ``study["cnn"]["relu4"].unit(5)`` is a unit. Tables and stores are read when they are first used.

    Parameters
    ----------
    results : the folder that the workflow wrote.

    Raises
    ------
    StudyError : there is no finished study; of methods and attributes: there is no such table or store, and
        what there is.

    Examples
    --------
    >>> import census
    >>> study = census.open_study("results")
    >>> study
    <Study results: cnn on clothes; mlp on clothes>
    >>> study.units.query("gini > 0.6")[["network", "gini"]]
      network  gini
    1     mlp   0.7
    """

    def __init__(self, results: str | Path) -> None:
        self.path = Path(results)
        if not (self.path / "census" / "units.parquet").is_file():
            raise StudyError(f"{self.path} holds no finished study: run `make study`, or name its results")

    def __repr__(self) -> str:
        """Return where it is, and what is in it."""
        seeds = self.layers.groupby(["network", "dataset"], sort=False)["seed"].nunique()
        runs = [
            f"{network} on {dataset}" + (f", {count} seeds" if count > 1 else "")
            for (network, dataset), count in seeds.items()
        ]
        return f"<Study {self.path}: {'; '.join(runs)}>"

    def _repr_html_(self) -> str:
        """Return a card: the runs, as a table."""
        return f"<b>Study {html.escape(str(self.path))}</b>{self.runs.to_html(index=False)}"

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """The runs: network in paths, network and seed in the census, data set, and numbers of layers."""
        import pandas as pd

        layers = self.layers[self.layers["checkpoint"] == FINAL]
        rows = []
        for (network, seed, dataset), here in layers.groupby(["network", "seed", "dataset"], sort=False):
            name = f"{network}@{seed}"
            is_plain = not (self.path / "activations" / name).is_dir()
            rows.append((network if is_plain else name, network, seed, dataset, len(here)))
        return pd.DataFrame(rows, columns=["run", "network", "seed", "dataset", "n_layers"])

    def key_of(self, network: str) -> dict[str, str | int]:
        """Return the columns of the census that tell a network, by its name in paths, from others."""
        (row, *_) = self.runs[self.runs["run"] == network].itertuples()
        return {"network": row.network, "seed": row.seed}

    def __getitem__(self, run: str | tuple[str, str]) -> Run:
        """Return a run.

        Parameters
        ----------
        run : the network's name in paths, ``cnn``, or ``cnn@1`` of seed 1; with the data set, ``("cnn",
            "clothes")``, if the network has run on several.
        """
        network, *rest = (run,) if isinstance(run, str) else run
        runs = self.runs
        here = runs.loc[runs["run"] == network, "dataset"].tolist()
        if not here:
            raise StudyError(f"{self.path}: there is no network {network!r}{nearest(network, runs['run'])}")
        if not rest and len(here) > 1:
            keys = ", ".join(f"study[{network!r}, {dataset!r}]" for dataset in here)
            raise StudyError(f"{network} has run on several data sets: {keys}")
        dataset = rest[0] if rest else here[0]
        if dataset not in here:
            raise StudyError(f"{network} has not run on {dataset!r}{nearest(dataset, here)}")
        return Run(self, network, dataset)

    def _ipython_key_completions_(self) -> list[str]:
        names: list[str] = self.runs["run"].unique().tolist()
        return names

    @cached_property
    def units(self) -> "pd.DataFrame":
        """The census of units, a row per network, seed, checkpoint, data set, layer and unit."""
        return self._table("units.parquet")

    @cached_property
    def layers(self) -> "pd.DataFrame":
        """The census of layers."""
        return self._table("layers.parquet")

    @cached_property
    def directions(self) -> "pd.DataFrame":
        """The census of channel directions, a row per direction of each family of a layer."""
        return self._table("directions.parquet")

    @cached_property
    def agreement(self) -> "pd.DataFrame":
        """Rank correlations between measures of the same units."""
        return self._table("agreement.parquet")

    @cached_property
    def claims(self) -> "pd.DataFrame":
        """The verdicts on the studies' claims."""
        from census.claims.verdict import read_verdicts

        return read_verdicts(self.found("census", "claims.tsv"))

    @cached_property
    def dictionary(self) -> "pd.DataFrame":
        """What the columns of :attr:`units`, :attr:`layers` and :attr:`directions` mean."""
        return self._table("dictionary.tsv")

    def activations(
        self, network: str, dataset: str, layer: str, checkpoint: str | int = FINAL
    ) -> "xr.Dataset":
        """Return a layer's activations.

        Parameters
        ----------
        network : its key in the config; of a network that is trained from several seeds ``cnn@1``, and
            ``cnn`` for the seed of the study.

        Returns
        -------
        ``mean``, ``max``, ``argmax`` and ``nonzero`` by image and unit, ``maps`` by image, y, x and unit for
        some of the images, and more. Values are read when they are used.
        """
        import xarray as xr

        from census.stores.reading import open_store

        stores = self.path / "activations"
        path = self._found(stores, network, str(checkpoint), dataset, f"{path_name(layer)}.{ARCHIVE}")
        return xr.open_zarr(open_store(path).store, consolidated=True, zarr_format=3)

    def matrices(
        self, measure: str, network: str, dataset: str, layer: str, checkpoint: str | int = FINAL
    ) -> "xr.Dataset":
        """Return the arrays of a measure, such as ``gram``, ``concepts``, ``directions`` or ``clusters``.

        The pages in docs/explanation list the arrays of each measure.
        """
        import xarray as xr

        from census.stores.matrices import layers_in

        folder = self.found("measures", measure, network)
        path = folder / f"{dataset}.{ARCHIVE}"  # of all layers
        if not path.is_file():
            block = self._block(measure, network, dataset, layer)
            path = self._found(folder, dataset, f"{block}.{ARCHIVE}")
        layers = layers_in([path])
        if layer not in layers:
            raise StudyError(f"{path}: there is no layer {layer!r}{nearest(layer, layers)}")
        found = layers[layer]
        if str(checkpoint) not in found.groups:
            known = nearest(checkpoint, found.groups)
            raise StudyError(f"{path}, layer {layer}: there is no checkpoint {str(checkpoint)!r}{known}")
        group = found.groups[str(checkpoint)]
        opened = xr.open_zarr(found.store, group=group, consolidated=False, zarr_format=3)
        return opened[sorted(opened.variables)]

    def table(self, measure: str, network: str, dataset: str, name: str) -> "pd.DataFrame":
        """Return a measure's own table: ``relu3.spectrum`` of ``directions``, ``pairs`` of ``similarity``."""
        import pandas as pd

        folder = self.found("measures", measure, network, dataset)
        known = self._layers(measure, network, dataset)
        layer, part = (name, "") if name in known else name.rpartition(".")[::2]
        # a file that is named by a layer of the study is of an earlier version
        if layer not in known and (folder / f"{name}.parquet").is_file():  # of all layers
            return pd.read_parquet(folder / f"{name}.parquet")
        block = self._block(measure, network, dataset, layer)
        table = pd.read_parquet(self._found(folder, ".".join(filter(None, [block, part, "parquet"]))))
        return table[table["layer"] == layer].reset_index(drop=True)

    @cached_property
    def _blocks(self) -> "pd.DataFrame":
        """In which block the files of a measure have a layer."""
        import pandas as pd

        return pd.read_csv(self.found("census", "blocks.tsv"), sep="\t", dtype=str, keep_default_na=False)

    def _layers(self, measure: str, network: str, dataset: str) -> dict[str, str]:
        """Return the blocks of a measure by layer."""
        table = self._blocks
        here = (table["measure"] == measure) & (table["network"] == network) & (table["dataset"] == dataset)
        return dict(zip(table.loc[here, "layer"], table.loc[here, "block"], strict=True))

    def _block(self, measure: str, network: str, dataset: str, layer: str) -> str:
        known = self._layers(measure, network, dataset)
        if layer not in known:
            raise StudyError(
                f"{self.path}/measures/{measure}/{network}/{dataset}: there is no layer {layer!r}"
                f"{nearest(layer, known)}"
            )
        return known[layer]

    def _table(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        path = self.found("census", name)
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, sep="\t", keep_default_na=False)

    def found(self, *parts: str) -> Path:
        """Return a path below the results; an error says what is in the place of what is not there."""
        return self._found(self.path, *parts)

    def _found(self, folder: Path, *parts: str) -> Path:
        for part in parts:
            if not (folder / part).exists():
                there = sorted(layer_name(path.name) for path in folder.glob("[!.]*"))
                wanted = layer_name(part)
                raise StudyError(f"{folder}: there is no {wanted!r}{nearest(wanted, there)}")
            folder = folder / part
        return folder


def open_study(results: "str | PathLike[str]" = "results") -> Study:
    """Open a finished study.

    Parameters
    ----------
    results : str or path-like
        The folder of results that the workflow wrote.

    Returns
    -------
    Study
        Tables are DataFrames, stores are xarray Datasets. Each is read when it is used.

    Raises
    ------
    StudyError
        If the folder holds no finished study.

    Examples
    --------
    >>> import census
    >>> census.open_study("results").layers["network"].tolist()
    ['cnn', 'mlp']
    """
    return Study(Path(results))
