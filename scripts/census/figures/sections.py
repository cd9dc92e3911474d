"""The five published studies, and the sections of the report in order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A published study.

    Attributes
    ----------
    code : as in the ids of its claims.
    short : author and year, as in running text and lists.
    title : its title.
    """

    code: str
    short: str
    title: str

    @property
    def target(self) -> str:
        """Name of the target of Snakemake that makes its figures: first author and year.

        Examples
        --------
        >>> Paper("S3", "Chen et al. 2018", "").target
        'chen2018'
        """
        author, *_, year = self.short.split()
        return f"{author.lower()}{year}"

    @property
    def cited(self) -> str:
        """How captions cite it."""
        authors, year = self.short.rsplit(" ", 1)
        return f"{authors} ({year})"


@dataclass(frozen=True)
class Section:
    """A section of the report. One job draws all its families for a run.

    Attributes
    ----------
    name : its rule is ``figures_NAME``.
    question : what its figures answer.
    paper : the study whose figures it corresponds to; None for none.
    of_study : whether its figures show the whole study, not a run.
    of_seeds : whether its figures show all networks that are trained as a run's, each from another seed.
    """

    name: str
    question: str
    paper: Paper | None = None
    of_study: bool = False
    of_seeds: bool = False

    @property
    def heading(self) -> str:
        """Its heading in the report, which sorts headings: the paper's code keeps the order."""
        return f"{self.paper.code} {self.paper.short}: {self.question}" if self.paper else self.question


SECTIONS = (
    Section(
        "sparsity",
        "Sparse or distributed?",
        Paper("S0", "Rupprecht 2017", "The basis of feature spaces in deep networks"),
    ),
    Section(
        "decorrelation",
        "From input to output",
        Paper(
            "S1", "Rupprecht 2018", "Layer-wise decorrelation in deep-layered artificial neuronal networks"
        ),
    ),
    Section(
        "concepts",
        "Which concepts?",
        Paper(
            "S2",
            "Sadeghi 2018",
            "Conceptual Content in Deep Convolutional Neural Networks: An analysis into multi-faceted "
            "properties of neurons",
        ),
    ),
    Section(
        "substitution",
        "How important?",
        Paper(
            "S3",
            "Chen et al. 2018",
            "Understanding the Importance of Single Directions via Representative Substitution",
        ),
    ),
    Section(
        "directions",
        "Neurons or directions?",
        Paper("S4", "Zhang 2015", "Visualizing neuron role with dimensionality reduction of feature space"),
    ),
    Section("agreement", "X Do unit measures agree?"),
    Section("replication", "X Do results replicate over seeds?", of_seeds=True),
    Section("claims", "Claims", of_study=True),
)
