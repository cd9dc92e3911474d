"""The declaration of a figure family: its inputs, and its views with their captions.

A :class:`Family` is declared in the module that draws it. Its section of the report, its files and the inputs
of its job are derived from the declaration. Planning reads the declarations at each start of Snakemake, so
these modules import neither matplotlib nor pandas and draw through :class:`census.drawing.page.Page`.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, fields
from math import ceil
from typing import TYPE_CHECKING, Literal

from census.errors import nearest
from census.figures.sections import SECTIONS, Section
from census.figures.style import FINAL, HEADING, HEIGHT, UNTRAINED, WIDTHS
from census.measures import DECLARED, declared
from census.measures.columns import PER
from census.measures.declaration import Matrices, Tables, everywhere

if TYPE_CHECKING:
    from census.planning.runs import Run

PLACEHOLDER = "{checkpoint}"


@dataclass(frozen=True)
class Images:
    """An input: a function that returns images of the data set by their indices."""


@dataclass(frozen=True)
class Verdicts:
    """An input: the verdicts on all claims, as a DataFrame."""


@dataclass(frozen=True)
class Specifications:
    """An input: the claims of a run under all their specifications, as a DataFrame."""


Input = Tables | Matrices | Images | Verdicts | Specifications
"""Tables are DataFrames, or None if a run has no such table; matrices are
:class:`census.drawing.inputs.Stores`."""


def key_of(read: Input) -> str:
    """Return the name of an input among those of a job, equal for all families that read it."""
    match read:
        case Tables(reference):
            return reference
        case Matrices(measure):
            return f"{measure}.zarr"
        case Images():
            return "images"
        case Verdicts():
            return "verdicts"
        case Specifications():
            return "specifications"


def one_sheet(run: "Run", width: str) -> int:
    """Return the number of sheets of a view that always fits on a page."""
    return 1


def sheets_of(
    layers: "Callable[[Run], Sized]", inches: float, columns: int = 1
) -> "Callable[[Run, str], int]":
    """Return a function of run and width: the number of sheets of a view with a row or panel for each layer.

    Parameters
    ----------
    layers : returns the layers that a view shows of a run.
    inches : height of a row.
    columns : layers in a row of a figure as wide as a page.
    """

    def sheets(run: "Run", width: str) -> int:
        in_row = max(1, int(columns * WIDTHS[width] / WIDTHS["page"]))
        in_column = max(1, int((HEIGHT - HEADING) / inches))
        return max(1, ceil(len(layers(run)) / (in_row * in_column)))

    return sheets


@dataclass(frozen=True)
class View:
    """A view of a figure family: one figure per run, or one per checkpoint.

    A figure that does not fit on a page has several sheets, each in a file of its own: ``depth.png``,
    ``depth-2.png``, ….

    Attributes
    ----------
    name : name of its files; contains ``{checkpoint}`` if there is one figure per checkpoint.
    draw : function of a :class:`census.drawing.page.Page`, of inputs and parameters of the family by name,
        and of ``checkpoint`` if there is one figure per checkpoint.
    title : title of the figure, before the names of network and data set.
    caption : description of the plotted values, images, marks and bars, and of how to read them.
        ``{network}``, ``{dataset}`` and ``{checkpoint}`` are replaced.
    corresponds : figures of the section's paper to which it corresponds; empty for none.
    where : condition on runs.
    checkpoints : checkpoints with a figure each: all of the run, or untrained and final.
    sheets : number of sheets of a run at a width, see :func:`sheets_of`.
    is_wide : whether it takes the width of a page even if figures are as wide as a column.
    is_picture : whether it shows images. It takes the width of a page, and is written in the first format
        only: a vector file of images is a large bitmap.
    """

    name: str
    draw: Callable[..., None]
    title: str
    caption: str
    corresponds: str = ""
    where: "Callable[[Run], bool]" = everywhere
    checkpoints: Literal["", "all", "untrained and final"] = ""
    sheets: "Callable[[Run, str], int]" = one_sheet
    is_wide: bool = False
    is_picture: bool = False

    @property
    def counterpart(self) -> str:
        """Figure of the paper to which it corresponds, shortened so that the report sorts by its number."""
        figures, numbers = re.match(r"(Figures? )?(.*)", self.corresponds).groups()  # type: ignore[union-attr]
        if figures:
            numbers = re.split(r",? (?:table|and appendi)", numbers)[0].replace(" to ", "–")
            return f"Fig. {numbers.replace(' and ', ', ')}"
        if self.corresponds.startswith("appendix "):
            return f"Fig. in appendix {self.corresponds.removeprefix('appendix ')}"
        return "text" if self.corresponds else "without counterpart"

    def width(self, width: str) -> str:
        """Return its width if figures have a width, ``column`` or ``page``."""
        return "page" if self.is_wide or self.is_picture else width

    @property
    def arguments(self) -> list[str]:
        """Names of the inputs and parameters that ``draw`` takes."""
        _, *taken = inspect.signature(self.draw).parameters.values()
        names = [each.name for each in taken if each.default is each.empty]
        return [name for name in names if name != "checkpoint" or not self.checkpoints]

    def names(self, run: "Run") -> list[str]:
        """Return the names of its figures for a run."""
        if not self.where(run):
            return []
        names = [self.name]
        if self.checkpoints:
            wanted = run.checkpoints if self.checkpoints == "all" else (UNTRAINED, FINAL)
            names = [self.name.replace(PLACEHOLDER, each) for each in run.checkpoints if each in wanted]
        count = self.sheets(run, self.width(run.config.figures.width))
        further = [f"-{number}" for number in range(2, count + 1)]
        return [f"{name}{sheet}" for name in names for sheet in ("", *further)]

    def parts_of(self, figure: str) -> tuple[str, int] | None:
        """Return checkpoint, or an empty string, and number of sheet from 1 of a figure; None for others."""
        pattern = re.escape(self.name).replace(re.escape(PLACEHOLDER), r"(?P<checkpoint>final|\d+)")
        found = re.fullmatch(rf"{pattern}(?:-(?P<sheet>\d+))?", figure)
        return found and (found.groupdict().get("checkpoint") or "", int(found["sheet"] or 1))


@dataclass(frozen=True)
class Family:
    """A family of figures.

    Attributes
    ----------
    name : name of its module, and of its folder in ``results/figures/``.
    section : name of its section of the report, see :mod:`census.figures.sections`.
    reads : inputs by argument of the views' functions.
    views : views of the family.
    where : condition on runs.
    parameters : arguments of the views' functions that are keys of the config section ``measures.NAME``.
    memory : memory of a job in MB.
    minutes : time limit of a job in minutes.
    """

    name: str
    section: str
    reads: Mapping[str, Input]
    views: Sequence[View]
    where: "Callable[[Run], bool]" = everywhere
    parameters: Sequence[str] = ()
    memory: int = 1000
    minutes: int = 10

    def __post_init__(self) -> None:
        """Check the declaration when the module is imported.

        Raises
        ------
        TypeError : one line that names the family and the fault.
        """
        for fault in self._faults():
            raise TypeError(f"figure {self.name}: {fault}")

    def __hash__(self) -> int:
        """Return a hash; names of families are unique."""
        return hash(self.name)

    @property
    def of_section(self) -> Section:
        """Its section of the report."""
        return next(section for section in SECTIONS if section.name == self.section)

    def names(self, run: "Run") -> list[str]:
        """Return the names of its figures of a run."""
        return [name for view in self.views if self.where(run) for name in view.names(run)]

    def view_of(self, figure: str) -> tuple[View, str]:
        """Return the view of a figure, and the checkpoint that it shows, which may be empty."""
        for view in self.views:
            if parts := view.parts_of(figure):
                return view, parts[0]
        raise KeyError(f"{self.name} has no figure {figure!r}")

    def sheet_of(self, figure: str) -> int:
        """Return the number of a figure's sheet, from 1."""
        return max(parts[1] for view in self.views if (parts := view.parts_of(figure)))

    def caption(self, figure: str) -> str:
        """Return the caption of a figure; ``{network}`` and ``{dataset}`` are left to be replaced."""
        view, checkpoint = self.view_of(figure)
        state = {FINAL: "the final network", UNTRAINED: "the untrained network"}.get(
            checkpoint, f"the network at step {checkpoint}"
        )
        text = " ".join(view.caption.replace(PLACEHOLDER, state).split())
        paper = self.of_section.paper
        return (
            f"{text} Corresponds to {view.corresponds} of {paper.cited}."
            if view.corresponds and paper
            else text
        )

    def _faults(self) -> Iterator[str]:
        sections = [section.name for section in SECTIONS]
        if self.section not in sections:
            yield f"there is no section {self.section!r}{nearest(self.section, sections)}"
        for argument, read in self.reads.items():
            if fault := _fault_of_input(read):
                yield f"input {argument!r}: {fault}"
        known = [field.name for field in fields(declared(self.name).parameters)] if self.parameters else []
        for name in self.parameters:
            if name not in known:
                yield f"measure {self.name!r} has no parameter {name!r}{nearest(name, known)}"
        if not self.views:
            yield "it has no view"
        names = [view.name for view in self.views]
        for view in self.views:
            faults = ["there are two views of this name"] if names.count(view.name) > 1 else []
            for fault in (*faults, *self._faults_of_view(view)):
                yield f"view {view.name!r}: {fault}"
        taken = {name for view in self.views for name in view.arguments}
        for name in (*self.reads, *self.parameters):
            if name not in taken:
                yield f"no view takes {name!r}"

    def _faults_of_view(self, view: View) -> Iterator[str]:
        known = (*self.reads, *self.parameters)
        for name in view.arguments:
            if name not in known:
                yield f"there is no input {name!r}{nearest(name, known)}"
        if not set(self.reads).intersection(view.arguments):
            yield "it takes no input"
        if not view.caption.strip():
            yield "it has no caption"
        if (PLACEHOLDER in view.name) != bool(view.checkpoints):
            yield "a name with {checkpoint} needs checkpoints, and checkpoints need such a name"
        words = [] if self.of_section.of_study else ["network", "dataset"]
        words += ["checkpoint"] if view.checkpoints else []
        for name in re.findall(r"{(.*?)}", view.caption):
            if name not in words:
                yield f"its caption has no {{{name}}} to name{nearest(name, words)}"
        if view.corresponds and not self.of_section.paper:
            yield f"section {self.section!r} has no paper to which it could correspond"


def _fault_of_input(read: Input) -> str:
    """Return the fault of an input; empty if the result exists."""
    match read:
        case Tables(reference):
            measure, _, table = reference.partition(".")
            if measure == "census" and table in (f"{per}s" for per in PER):
                return ""
            known = list(declared(measure).tables) if measure in DECLARED else []
            references = [f"{measure}.{each}".rstrip(".") for each in known] or DECLARED
            return (
                "" if table in known else f"there is no table {reference!r}{nearest(reference, references)}"
            )
        case Matrices(measure):
            having = [name for name in DECLARED if declared(name).has_arrays]
            return (
                "" if measure in having else f"there are no arrays of {measure!r}{nearest(measure, having)}"
            )
    return ""
