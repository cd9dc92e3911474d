"""Runs, layers and units of a finished study, as objects of a notebook.

Examples
--------
>>> import census
>>> study = census.open_study("results")  # doctest: +SKIP
>>> unit = study["cnn"]["relu4"].unit(5)  # doctest: +SKIP
>>> unit.top(9)  # shows the nine images to which the unit responds most  # doctest: +SKIP
>>> unit.plot()  # doctest: +SKIP
"""

import base64
import html
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.data.store import Dataset, open_dataset
from census.errors import StudyError, nearest
from census.figures.style import BLUE, FINAL, VERMILION
from census.measures.patches import as_seen, corners, cut, field_of
from census.statistics.pixels import as_image
from census.statistics.top_images import NONE

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from census.notebooks.study import Study

SHOWN = 96  # pixels of an image's side in a notebook


@dataclass(frozen=True)
class Images:
    """Images with a row of a table each. A notebook shows them side by side.

    Attributes
    ----------
    pixels : array of uint8, shape (n_images, height, width, n_channels), gray or RGB.
    table : DataFrame
        One row per image.
    """

    pixels: NDArray[np.uint8]
    table: "pd.DataFrame"

    def __len__(self) -> int:
        return len(self.pixels)

    def _repr_html_(self) -> str:
        """Return the images, as a notebook shows them."""
        return self.html()

    def html(self) -> str:
        """Return the images as HTML, with their rows below them."""
        cells = (
            f'<figure style="display:inline-block;margin:4px;width:{SHOWN}px;vertical-align:top">'
            f'<img width="{SHOWN}" style="image-rendering:pixelated" alt="{words}" '
            f'src="{_as_address(pixels)}">'
            f'<figcaption style="font-size:11px">{words}</figcaption></figure>'
            for pixels, words in zip(self.pixels, map(_in_words, self.table.to_dict("records")), strict=True)
        )
        return f"<div>{''.join(cells)}</div>"


def _in_words(row: Mapping[Any, Any]) -> str:
    """Return a row of a table as HTML."""
    words = (f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values())
    return html.escape(" · ".join(words))


def _as_address(pixels: NDArray[np.uint8]) -> str:
    """Return an image as the address of a PNG."""
    file = io.BytesIO()
    as_image(pixels).save(file, "png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


class Run(Mapping[str, "Layer"]):
    """A network on a data set, at one checkpoint: its layers by name, in order of depth.

    Parameters
    ----------
    study : the study.
    network : the network in paths, such as ``cnn``, or ``cnn@1`` of seed 1.
    dataset : the data set.
    checkpoint : ``final``, or a training step.
    """

    def __init__(self, study: "Study", network: str, dataset: str, checkpoint: str = FINAL) -> None:
        self.study, self.network, self.dataset, self.checkpoint = study, network, dataset, checkpoint

    def __repr__(self) -> str:
        """Return its names."""
        return f"<Run {self.network} on {self.dataset}, {self.checkpoint}: {len(self)} layers>"

    def __getitem__(self, layer: str) -> "Layer":
        if layer not in self._names:
            raise StudyError(f"{self}: there is no layer {layer!r}{nearest(layer, self._names)}")
        return Layer(self, layer)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _ipython_key_completions_(self) -> list[str]:
        return self._names

    @cached_property
    def _names(self) -> list[str]:
        return self.layers.sort_values("depth")["layer"].tolist()

    @cached_property
    def layers(self) -> "pd.DataFrame":
        """The run's rows of the census of layers."""
        return self._rows(self.study.layers, checkpoint=self.checkpoint)

    @cached_property
    def units(self) -> "pd.DataFrame":
        """The run's rows of the census of units."""
        return self._rows(self.study.units, checkpoint=self.checkpoint)

    def _rows(self, table: "pd.DataFrame", **further: str) -> "pd.DataFrame":
        """Return the rows of the network on the data set in which further columns have these values."""
        keys = {**self.study.key_of(self.network), "dataset": self.dataset, **further}
        for name, value in keys.items():
            table = table[table[name] == value]
        return table.reset_index(drop=True)

    @property
    def checkpoints(self) -> list[str]:
        """Names of the checkpoints: training steps, and ``final``."""
        rows = self._rows(self.study.layers).sort_values("step", kind="stable")
        known: list[str] = rows["checkpoint"].unique().tolist()
        return known

    def at(self, checkpoint: str | int) -> "Run":
        """Return the same network at another checkpoint."""
        if str(checkpoint) not in self.checkpoints:
            raise StudyError(
                f"{self}: there is no checkpoint {checkpoint}{nearest(checkpoint, self.checkpoints)}"
            )
        return Run(self.study, self.network, self.dataset, str(checkpoint))

    @property
    def images(self) -> "pd.DataFrame":
        """The images that were run: ``label``, ``class`` and ``source``, by index in the data set."""
        import pandas as pd

        store = self[self._names[0]].activations
        path = self.study.found("data", self.dataset, f"{store.attrs['split']}.parquet")
        return pd.read_parquet(path).set_index("image").loc[np.sort(store["image"].to_numpy())]

    @property
    def map_images(self) -> NDArray[np.int64]:
        """Indices of the images whose activation maps are stored, in the order of the maps."""
        found: NDArray[np.int64] = self[self._names[0]].activations["map_image"].to_numpy()
        return found

    @cached_property
    def data(self) -> Dataset:
        """The data set: ``pixels`` and ``labels`` of all its images, and ``classes``."""
        split = self[self._names[0]].activations.attrs["split"]
        return open_dataset(self.study.found("data", self.dataset, f"{split}.zarr"))

    def pixels(self, images: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return images as the network sees them, before they are normalized.

        Parameters
        ----------
        images : array of int, shape (n_images,), indices in the data set.

        Returns
        -------
        array of uint8, shape (n_images, size, size, n_channels).
        """
        how = self[self._names[0]].activations.attrs["preprocessing"]
        pixels = self.data.pixels.oindex[images]
        return as_seen(pixels, how["size"], how["resize"], how["interpolation"])


class Layer:
    """A layer of a run.

    Parameters
    ----------
    run : the run.
    name : the layer's name.
    """

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name

    def __repr__(self) -> str:
        """Return its names, and its shape."""
        return f"<Layer {self.name} of {self.run.network} on {self.run.dataset}, {self.run.checkpoint}>"

    @property
    def row(self) -> "pd.Series[Any]":
        """The layer's row of the census."""
        return self.run.layers.set_index("layer").loc[self.name]

    @property
    def units(self) -> "pd.DataFrame":
        """The layer's rows of the census of units, by unit."""
        table = self.run.units
        return table[table["layer"] == self.name].set_index("unit")

    @cached_property
    def activations(self) -> "xr.Dataset":
        """The layer's activations, see :meth:`census.notebooks.study.Study.activations`."""
        run = self.run
        return run.study.activations(run.network, run.dataset, self.name, run.checkpoint)

    def matrices(self, measure: str) -> "xr.Dataset":
        """Return the arrays of a measure, see :meth:`census.notebooks.study.Study.matrices`."""
        run = self.run
        return run.study.matrices(measure, run.network, run.dataset, self.name, run.checkpoint)

    def rsm(self) -> "pd.DataFrame":
        """Return the representational similarity matrix: correlations of images' activation vectors.

        Returns
        -------
        DataFrame
            Rows and columns are images with activation maps, by class and by index in the data set.

        References
        ----------
        Rupprecht (2018).
        """
        import pandas as pd

        classes = np.array(self.activations.attrs["classes"])
        labels = classes[self.activations["map_label"].to_numpy()]
        index = pd.MultiIndex.from_arrays([labels, self.run.map_images], names=["class", "image"])
        return pd.DataFrame(self.matrices("gram")["correlation"].to_numpy(), index, index)

    def unit(self, number: int) -> "Unit":
        """Return a unit by its number."""
        n_units = self.activations.sizes["unit"]
        if not 0 <= number < n_units:
            raise StudyError(f"{self}: there is no unit {number}; valid: 0 to {n_units - 1}")
        return Unit(self, number)


class Unit:
    """A unit of a layer.

    Parameters
    ----------
    layer : the layer.
    number : the unit's number in the layer.
    """

    def __init__(self, layer: Layer, number: int) -> None:
        self.layer, self.number = layer, number

    def __repr__(self) -> str:
        """Return its names."""
        return f"<Unit {self.number} of {self.layer.name}, {self.layer.run.network}>"

    def _repr_html_(self) -> str:
        """Return a card: the unit's top images, and its most common classes."""
        counts = self.class_counts.nlargest(3)
        classes = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        top = self.top(9)
        return f"<b>{html.escape(repr(self)[1:-1])}</b><br>{html.escape(classes)}{top.html()}"

    @property
    def row(self) -> "pd.Series[Any]":
        """The unit's row of the census; ``study.dictionary`` defines its entries."""
        return self.layer.units.loc[self.number]

    @cached_property
    def _concepts(self) -> "xr.Dataset":
        return self.layer.matrices("concepts").isel(unit=self.number).load()

    @property
    def class_counts(self) -> "pd.Series[int]":
        """Number of the unit's top images in each class (Sadeghi 2018)."""
        import pandas as pd

        classes = self.layer.activations.attrs["classes"]
        return pd.Series(self._concepts["class_count"].to_numpy(), classes, name="top images")

    def top(self, n: int = 9, *, patches: bool = False) -> Images:
        """Return the images to which the unit responds most strongly.

        Parameters
        ----------
        n : number of images. There are fewer if fewer are stored, or activate the unit.
        patches : whether images are cropped to the unit's receptive field at its largest value.

        Returns
        -------
        Images
            With a table of ``image`` (index in the data set), ``class``, and ``value`` (maximum over
            positions), in descending order of values.
        """
        import pandas as pd

        found = self._concepts["top_image"].to_numpy()
        known = np.flatnonzero(found != NONE)[:n]
        images = found[known]
        run = self.layer.run
        pixels = run.pixels(images)
        if patches:
            starts, size = self._fields(self._concepts["top_position"].to_numpy()[known])
            pixels = cut(pixels, starts, size).pixels
        labels = run.data.labels[images]
        table = pd.DataFrame(
            {
                "image": images,
                "class": np.array(run.data.classes)[labels],
                "value": self._concepts["top_value"].to_numpy()[known].astype(float),
            }
        )
        return Images(pixels, table)

    def _fields(self, positions: NDArray[np.integer]) -> tuple[NDArray[np.int64], tuple[int, int]]:
        """Return the corners and the size of the unit's receptive field at positions of its map."""
        attributes = self.layer.activations.attrs
        field = field_of(attributes["receptive_field"], attributes["preprocessing"]["size"])
        return corners(positions, attributes["shape"][2], field), (field.size[0], field.size[1])

    def map(self, image: int) -> "xr.DataArray":
        """Return the unit's activation map on an image, (y, x).

        Parameters
        ----------
        image : index in the data set.

        Raises
        ------
        StudyError : the image's map is not stored.
        """
        run = self.layer.run
        (place,) = np.nonzero(run.map_images == image)
        if not len(place):
            raise StudyError(
                f"image {image} has no activation map: those of {len(run.map_images)} images are stored; "
                "`map_images` of the run lists them"
            )
        return self.layer.activations["maps"].isel(map_image=int(place[0]), unit=self.number)

    def maximized(self, objective: str = "iam") -> Images:
        """Return the activation-maximization images of the unit, one per seed (Chen et al. 2018).

        Parameters
        ----------
        objective : ``iam`` or ``am``.

        Raises
        ------
        StudyError : there are none of this unit.
        """
        import pandas as pd

        store = self.layer.matrices("activation_maximization")
        objectives = store.attrs["objectives"]
        if objective not in objectives:
            raise StudyError(f"there is no objective {objective!r}{nearest(objective, objectives)}")
        place = {
            "objective": objectives.index(objective),
            "unit": self._place_in(store, "activation-maximization images"),
        }
        pixels = store["image"].isel(place).to_numpy()
        values = store["response"].isel(place).isel(other_unit=self.number).to_numpy()
        table = pd.DataFrame({"seed": np.arange(len(pixels)), "value": values.astype(float)})
        return Images(pixels, table)

    def visualized(self) -> Images:
        """Return the feature visualization of the unit, an image for viewing (Olah et al. 2017).

        Raises
        ------
        StudyError : there is none of this unit.
        """
        import pandas as pd

        store = self.layer.matrices("feature_visualization")
        place = [self._place_in(store, "feature visualization")]
        values = store["response"].to_numpy()[place].astype(float)
        return Images(store["image"].to_numpy()[place], pd.DataFrame({"value": values}))

    def _place_in(self, store: "xr.Dataset", what: str) -> int:
        """Return the unit's place among the units of a store."""
        units: list[int] = store["unit"].to_numpy().tolist()
        if self.number not in units:
            raise StudyError(f"{self} has no {what}; units that have: {', '.join(map(str, units))}")
        return units.index(self.number)

    def plot(self, n: int = 6) -> "Figure":
        """Draw the unit: top images with the receptive field as a frame, activation maps, and classes.

        Activation maps are stored for some images only. Maps are shown of those of them to which the unit
        responds most strongly.

        Parameters
        ----------
        n : number of images, and of maps.
        """
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        top, run = self.top(n), self.layer.run
        starts, (height, width) = self._fields(self._concepts["top_position"].to_numpy()[: len(top)])
        figure = Figure(figsize=(1.25 * n + 2.8, 3.2), layout="constrained")
        grid = figure.add_gridspec(2, n + 2)
        for place, (_, name, value) in enumerate(top.table.itertuples(index=False)):
            axes = _image_axes(figure, grid[0, place], top.pixels[place], f"{name}\n{value:.3g}")
            y, x = starts[place] - 0.5
            frame = Rectangle((x, y), width, height, fill=False, edgecolor=VERMILION, linewidth=1.2)
            axes.add_patch(frame)
        for place, image in enumerate(self._strongest_maps(n)):
            (pixels,) = run.pixels(image[None])
            axes = _image_axes(figure, grid[1, place], pixels, f"map, image {image}")
            end = len(pixels) - 0.5
            axes.imshow(self.map(int(image)), cmap="magma", alpha=0.6, extent=(-0.5, end, end, -0.5))
        counts = self.class_counts
        shown = counts[counts > 0].nlargest(8)[::-1]
        bars = figure.add_subplot(grid[:, -2:])
        bars.barh([str(name) for name in shown.index], shown.to_numpy(), color=BLUE)
        bars.set_xlabel(f"of {counts.sum()} top images", fontsize=8)
        bars.tick_params(labelsize=7)
        bars.spines[["top", "right"]].set_visible(False)
        figure.suptitle(repr(self)[1:-1], fontsize=9)
        return figure

    def _strongest_maps(self, n: int) -> NDArray[np.int64]:
        """Return the images with activation maps to which the unit responds most strongly."""
        import pandas as pd

        store = self.layer.activations
        values = pd.Series(store["max"].isel(unit=self.number).to_numpy(), store["image"].to_numpy())
        found: NDArray[np.int64] = values.loc[self.layer.run.map_images].nlargest(n).index.to_numpy()
        return found


def _image_axes(figure: "Figure", place: Any, pixels: NDArray[np.uint8], title: str) -> "Axes":
    """Return axes with an image."""
    axes = figure.add_subplot(place)
    axes.imshow(as_image(pixels), cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=7)
    axes.set_axis_off()
    return axes
