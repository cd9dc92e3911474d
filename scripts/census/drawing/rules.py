"""The rules that draw figures: from declarations to what Snakemake asks for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from census.figures import figure_families
from census.figures.declaration import Family, Images, Specifications, Verdicts, key_of
from census.figures.sections import SECTIONS, Section
from census.figures.style import FINAL, UNTRAINED
from census.measures.declaration import Matrices, Tables
from census.planning.digest import code_digest
from census.planning.plan import Files, Plan
from census.planning.rules import stores_of_run, tables_of_run
from census.planning.runs import Run


@dataclass(frozen=True)
class Drawing:
    """Figures of a section of the report that one job draws: to start takes longer than to draw most of them.

    Attributes
    ----------
    section : the section of the report.
    figures : family and name of each figure.
    runs : all runs that have these figures of the section, and no others.
    missing : names of the figures, or of the whole families, that only other runs have.
    number : number of the drawing, from 1, among those of the section that differ in numbers of sheets only.
    """

    section: Section
    figures: Sequence[tuple[Family, str]]
    runs: Sequence[Run]
    missing: Sequence[str] = ()
    number: int = 1

    @property
    def name(self) -> str:
        """Name of the rule."""
        name = f"figures_{self.section.name}"
        name = f"{name}_without_{'_'.join(self.missing)}" if self.missing else name
        return f"{name}_{self.number}" if self.number > 1 else name

    @property
    def families(self) -> list[Family]:
        """Families of which some figure is drawn."""
        return list(dict.fromkeys(family for family, _ in self.figures))

    @property
    def place(self) -> str:
        """Wildcards of a job, as part of a path."""
        return "" if self.section.of_study else "/{network}/{dataset}"

    @property
    def networks(self) -> str:
        """Wildcard constraint that selects the runs."""
        # a network may have runs on several data sets, so the data set in the path is matched, too
        return "|".join(f"{run.network}(?=/{run.dataset}/)" for run in self.runs)

    @property
    def memory(self) -> int:
        """Memory of a job in MB."""
        return max(family.memory for family in self.families)

    @property
    def minutes(self) -> int:
        """Time limit of a job."""
        return sum(family.minutes for family in self.families)

    @property
    def message(self) -> str:
        """Message of a job."""
        where = "" if self.section.of_study else " of {wildcards.network} on {wildcards.dataset}"
        return f"Draw {', '.join(family.name for family in self.families)}{where}"

    def inputs(self, plan: Plan, verdicts: str, specifications: str) -> dict[str, Files | str]:
        """Return the input function, or pattern, of each input.

        Parameters
        ----------
        verdicts, specifications : path of the verdicts, and pattern of the specifications of a run.
        """
        reads = [read for family in self.families for read in family.reads.values()]
        paths = {Verdicts(): verdicts, Specifications(): specifications}
        return {
            key_of(read): paths[read]
            if isinstance(read, Verdicts | Specifications)
            else _files_of(plan, read)
            for read in reads
        }

    def params(self, plan: Plan) -> dict[str, Any]:
        """Return all that determines the figures, apart from the inputs."""
        measures = plan.config.plain()["measures"]
        return {
            "settings": {
                family.name: {key: measures[family.name][key] for key in family.parameters}
                for family in self.families
            },
            "run": None if self.section.of_study else plan.of_run(self._key),
            "dpi": plan.config.figures.dpi,
            "width": plan.config.figures.width,
            "code": [
                code_digest("figures.py"),
                *(code_digest(f"census/figures/{family.name}.py") for family in self.families),
            ],
        }

    def _key(self, run: Run) -> dict[str, Any]:
        """Return what tells a run from others, with its title."""
        title = run.title
        if self.section.of_seeds:
            title = f"{run.settings.network}, {len(run.siblings)} seeds, on {run.dataset}"
        return {**run.key, "title": title}

    def path(self, family: Family, figure: str) -> str:
        """Return the path of a figure, without its ending."""
        if self.section.of_study:
            return f"results/figures/{figure}"
        return f"results/figures/{family.name}{self.place}/{figure}"

    def labels(self, family: Family, figure: str) -> dict[str, str]:
        """Return how the report labels a figure: by the paper's figure first, by which the report sorts."""
        (view, checkpoint), sheet = family.view_of(figure), family.sheet_of(figure)
        paper = self.section.paper
        counterpart = {"figure": view.counterpart} if paper else {}
        shown = view.title
        if checkpoint:
            shown += {FINAL: ", final", UNTRAINED: ", untrained"}.get(checkpoint, f", step {checkpoint}")
        if sheet > 1:
            shown += f", sheet {sheet}"
        label = counterpart | {"shows": shown}
        return label if self.section.of_study else label | {"network": "{network}", "data set": "{dataset}"}

    def files(self, family: Family, figure: str, formats: Sequence[str]) -> list[str]:
        """Return the files of a figure, with wildcards: one per format, of images only the first."""
        view, _ = family.view_of(figure)
        path = self.path(family, figure)
        return [f"{path}.{extension}" for extension in (formats[:1] if view.is_picture else formats)]

    def paths(self, formats: Sequence[str]) -> list[str]:
        """Return the files of all figures of all runs."""
        runs = self.runs[:1] if self.section.of_study else self.runs
        return [
            path.format(network=run.network, dataset=run.dataset)
            for run in runs
            for family, figure in self.figures
            for path in self.files(family, figure, formats)
        ]

    def write_captions(self, folder: Path) -> None:
        """Write the caption of each figure into a folder, where Snakemake reads it for the report."""
        folder.mkdir(parents=True, exist_ok=True)
        names = {name: f"{{{{ snakemake.wildcards.{name} }}}}" for name in ("network", "dataset")}
        for family, figure in self.figures:
            text = family.caption(figure).format(**names)
            (folder / caption_file(family, figure)).write_text(text + "\n", encoding="utf-8")


def shown_in(drawing: Drawing, extension: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what the start page of the report shows, see :class:`census.drawing.overview.Shown`.

    Of a view, it shows the first sheet, of the final network.
    """
    section = drawing.section
    for run in drawing.runs[:1] if section.of_study else drawing.runs:
        for family, figure in drawing.figures:
            view, checkpoint = family.view_of(figure)
            if checkpoint in ("", FINAL) and family.sheet_of(figure) == 1:
                path = drawing.path(family, figure).format(network=run.network, dataset=run.dataset)
                counterpart = view.counterpart if section.paper else ""
                title = "" if section.of_study else run.title
                yield section.heading, counterpart, view.title, title, f"{path}.{extension}"


def caption_file(family: Family, figure: str) -> str:
    """Return the name of the file that holds the caption of a figure."""
    return f"{family.name}.{figure}.rst"


def _files_of(plan: Plan, read: Tables | Matrices | Images) -> Files | str:
    match read:
        case Tables(reference):
            return tables_of_run(plan, reference)
        case Matrices(measure):
            return stores_of_run(plan, measure)
        case _:
            return plan.of_run(lambda run: [run.images])


def drawings(runs: Sequence[Run]) -> Iterator[Drawing]:
    """Yield the drawings of all sections: for each section, one for each set of figures that some runs have.

    Parameters
    ----------
    runs : all runs of the study.
    """
    families = figure_families().values()
    known_names: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for section in SECTIONS:
        of_section = [family for family in families if family.section == section.name]
        by_figures: dict[tuple[tuple[Family, str], ...], list[Run]] = {}
        for run in runs:
            figures = tuple((family, name) for family in of_section for name in family.names(run))
            by_figures.setdefault(figures, []).append(run)
        some_have = {figure: None for figures in by_figures for figure in figures}
        for figures, runs_alike in by_figures.items():
            if figures:
                missing = _missing(some_have, figures)
                known_names[section.name, tuple(missing)] += 1
                number = known_names[section.name, tuple(missing)]
                yield Drawing(section, figures, runs_alike, missing, number)


def _missing(
    some_have: Mapping[tuple[Family, str], None], figures: Sequence[tuple[Family, str]]
) -> list[str]:
    """Return the names of figures that are missing; of a family without any figure, the family's name.

    Further sheets of a figure are left out.
    """
    drawn = {family.name for family, _ in figures}
    return list(
        dict.fromkeys(
            figure if family.name in drawn else family.name
            for family, figure in some_have
            if (family, figure) not in figures and family.sheet_of(figure) == 1
        )
    )
