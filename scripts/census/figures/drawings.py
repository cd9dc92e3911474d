"""Jobs that draw figures: which views of which families each draws, for which runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from census.figures.families import SECTIONS, Family, Section
from census.planning.runs import Run


@dataclass(frozen=True)
class Drawing:
    """Views of a section of the report that one job draws: to start takes longer than to draw most views.

    Attributes
    ----------
    section : the section of the report.
    views : family and view of each figure.
    runs : all runs that have these views of the section, and no others.
    missing : names of the views, or of the whole families, that only other runs have.
    """

    section: Section
    views: Sequence[tuple[Family, str]]
    runs: Sequence[Run]
    missing: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the rule."""
        name = f"figures_{self.section.name}"
        return f"{name}_without_{'_'.join(self.missing)}" if self.missing else name

    @property
    def families(self) -> list[Family]:
        """Families of which some view is drawn."""
        return list(dict.fromkeys(family for family, _ in self.views))

    @property
    def reads(self) -> list[str]:
        """Keys of all inputs."""
        return list(dict.fromkeys(key for family in self.families for key in family.reads))

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
    def message(self) -> str:
        """Message of a job."""
        where = "" if self.section.of_study else " of {wildcards.network} on {wildcards.dataset}"
        return f"Draw {', '.join(family.name for family in self.families)}{where}"

    def path(self, family: Family, view: str) -> str:
        """Return the path of a figure, without its ending."""
        if self.section.of_study:
            return f"results/figures/{view}"
        return f"results/figures/{family.name}{self.place}/{view}"

    def labels(self, family: Family, view: str) -> dict[str, str]:
        """Return how the report labels a figure."""
        labels = {"figure": family.name if family.one_view else f"{family.name} {view}"}
        if not self.section.of_study:
            labels |= {"network": "{network}", "dataset": "{dataset}"}
        return labels

    def paths(self) -> list[str]:
        """Return the paths of all figures of all runs, without their endings."""
        runs = self.runs[:1] if self.section.of_study else self.runs
        return [
            self.path(family, view).format(network=run.network, dataset=run.dataset)
            for run in runs
            for family, view in self.views
        ]


def drawings(runs: Sequence[Run], sections: Sequence[Section] = SECTIONS) -> Iterator[Drawing]:
    """Yield the drawings of all sections: for each section, one for each set of views that some runs have.

    Parameters
    ----------
    runs : all runs of the study.
    sections : of the report.
    """
    for section in sections:
        by_views: dict[tuple[tuple[Family, str], ...], list[Run]] = {}
        for run in runs:
            views = tuple((family, view) for family in section.families for view in family.views(run))
            by_views.setdefault(views, []).append(run)
        some_have = {figure: None for views in by_views for figure in views}
        for views, runs_alike in by_views.items():
            if views:
                yield Drawing(section, views, runs_alike, _missing(some_have, views))


def _missing(some_have: Mapping[tuple[Family, str], None], views: Sequence[tuple[Family, str]]) -> list[str]:
    """Return the names of views that are missing; of a family without any view, the family's name."""
    drawn = {family.name for family, _ in views}
    return list(
        dict.fromkeys(
            view if family.name in drawn else family.name
            for family, view in some_have
            if (family, view) not in views
        )
    )
