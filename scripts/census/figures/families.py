"""Declarations of all figure families: report section, inputs, views and resources of each.

Module ``census.figures.NAME`` draws the family ``NAME``: its function ``views`` returns a function per view.
Rules read the declarations at each start of Snakemake; this module imports no numerical library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from census.planning.runs import Run


@dataclass(frozen=True)
class Family:
    """A family of figures.

    Attributes
    ----------
    name : name of its module, its folder in ``results/figures/`` and its caption in ``workflow/report/``.
    reads : keys of its inputs: ``measure.table`` or ``measure``, see
        :func:`census.planning.rules.results_of_run`, or keys of ``INPUTS`` in ``workflow/rules/figures.smk``.
    views : function of a run that returns the names of its views.
    parameters : keys of its section in the config's ``measures`` that its drawing functions need.
    one_view : whether the report shows the family's name alone, without that of its only view.
    memory : memory of a job in MB.
    minutes : time limit of a job.
    """

    name: str
    reads: tuple[str, ...]
    views: Callable[[Run], Sequence[str]]
    parameters: tuple[str, ...] = ()
    one_view: bool = False
    memory: int = 1000
    minutes: int = 10


@dataclass(frozen=True)
class Section:
    """A section of the report. One job draws all its families for a run.

    Attributes
    ----------
    name : its rule is ``figures_NAME``.
    category : its heading in the report.
    families : its figure families.
    of_study : whether its figures show the whole study, not a run.
    """

    name: str
    category: str
    families: tuple[Family, ...]
    of_study: bool = False


def _if(available: bool, *views: str) -> tuple[str, ...]:
    """Return the names of views if these are available; an empty tuple otherwise."""
    return views if available else ()


SECTIONS = (
    Section(
        "sparsity",
        "S0 Sparse or distributed?",
        (
            Family(
                "sparsity",
                ("sparsity.layer", "sparsity.units"),
                lambda run: ("depth", "lifetime", *_if(run.has_learning, "learning")),
            ),
            Family("histogram", ("histogram",), lambda run: run.checkpoints),
            Family(
                "alignment",
                ("alignment.layer", "bases"),
                lambda run: ("depth", *_if(run.has_learning, "learning")),
            ),
        ),
    ),
    Section(
        "decorrelation",
        "S1 From input to output",
        (
            Family(
                "correlation",
                ("correlation.layers", "correlation.orders", "gram", "sparsity.layer"),
                lambda run: (
                    "decorrelation",
                    "matrices-final",
                    *_if("0" in run.checkpoints, "matrices-0"),
                ),
            ),
            Family(
                "similarity",
                ("similarity.pairs", "similarity.steps"),
                lambda run: (
                    *("pearson", "spearman", "deconfounded", "cka"),
                    *_if(run.has_branches, "submodules"),
                ),
            ),
            Family(
                "learning",
                ("learning", "correlation.layers", "sparsity.layer", "performance"),
                lambda run: (
                    *_if(run.has_learning, "steps"),
                    *_if(len(run.checkpoints) > 1, "checkpoints"),
                ),
            ),
        ),
    ),
    Section(
        "concepts",
        "S2 Which concepts?",
        (
            Family(
                "facetedness",
                ("facetedness.units", "facetedness.layers", "concepts"),
                lambda run: ("density", "degree", "counts", "similarity", "heatmaps"),
                memory=2000,
            ),
            Family(
                "facets",
                ("facets", "facets.table"),
                lambda run: _if(run.config.measures.facets.units_per_end > 0, "single", "multi"),
            ),
        ),
    ),
    Section(
        "substitution",
        "S3 How important?",
        (
            Family(
                "selectivity",
                ("selectivity.units", "selectivity.layer"),
                lambda run: ("depth", "detection", *_if(run.has_learning, "learning")),
            ),
            Family(
                "substitution",
                ("ascent", "selectivity.units", "substitution.units", "images"),
                lambda run: _if(bool(run.unit_layers), "pictures", "beaten"),
            ),
            Family(
                "ablation",
                ("ablation.units", "ablation.curves", "ablation.layer"),
                lambda run: _if(bool(run.unit_layers), "units", "cumulative"),
            ),
            Family(
                "importance",
                ("importance.units", "importance.relations"),
                lambda run: _if(bool(run.unit_layers), "substitution", "depth", "costs", "relations"),
            ),
        ),
    ),
    Section(
        "directions",
        "S4 Neurons or directions?",
        (
            Family(
                "directions",
                (
                    *("directions.layer", "directions.spectrum", "directions.directions"),
                    *("directions", "images"),
                ),
                lambda run: (
                    *("spectrum", "depth", "redundancy", "purity", "variance"),
                    *("components", "neurons", "projections"),
                ),
                parameters=("components", "neurons", "images_shown"),
                memory=2000,
                minutes=20,
            ),
            Family(
                "clusters",
                ("clusters.layer", "clusters", "images"),
                lambda run: (
                    *_if(bool(run.unit_layers), "depth"),
                    *_if(
                        bool(run.unit_layers) and run.config.measures.clusters.dendrograms > 0, "dendrograms"
                    ),
                ),
                parameters=("dendrograms",),
            ),
        ),
    ),
    Section(
        "agreement",
        "X Do the notions agree?",
        (
            Family(
                "agreement",
                ("agreement.agreement",),
                lambda run: _if(run.has_rectified, "notions"),
                one_view=True,
            ),
        ),
    ),
    Section(
        "claims",
        "Claims",
        (Family("claims", ("claims",), lambda run: ("claims",), one_view=True),),
        of_study=True,
    ),
)
