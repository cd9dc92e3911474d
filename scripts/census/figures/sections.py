"""The five published studies, and the sections of the report in order."""

from dataclasses import dataclass

BLOG = "https://ptrrupprecht.wordpress.com"


@dataclass(frozen=True)
class Paper:
    """A published study.

    Attributes
    ----------
    code : prefix of the ids of its claims.
    short : author and year, for running text and lists.
    title : title of the paper.
    url : its address; empty if it is published at none.
    """

    code: str
    short: str
    title: str
    url: str = ""

    @property
    def target(self) -> str:
        """Name of the Snakemake target of its figures: first author and year.

        Examples
        --------
        >>> Paper("S3", "Chen et al. 2018", "").target
        'chen2018'
        """
        author, *_, year = self.short.split()
        return f"{author.lower()}{year}"

    @property
    def cited(self) -> str:
        """Citation in captions: author, and year in parentheses."""
        authors, year = self.short.rsplit(" ", 1)
        return f"{authors} ({year})"


@dataclass(frozen=True)
class Section:
    """A section of the report. One job draws all its families for a run.

    Attributes
    ----------
    name : name of the section; its rule is ``figures_NAME``.
    question : research question of its figures.
    paper : published study to whose figures it corresponds; None for none.
    of_study : whether its figures show the whole study instead of one run.
    of_seeds : whether its figures show all seeds of a network.
    """

    name: str
    question: str
    paper: Paper | None = None
    of_study: bool = False
    of_seeds: bool = False

    @property
    def heading(self) -> str:
        """Heading in the report: author and year, with the code of the paper's claims in brackets.

        The report sorts headings alphabetically. "All claims" comes first.
        """
        paper = self.paper
        return f"{paper.short} ({paper.code}): {self.question}" if paper else self.question


SECTIONS = (
    Section(
        "sparsity",
        "Sparse or distributed?",
        Paper(
            "S0",
            "Rupprecht 2017",
            "The basis of feature spaces in deep networks",
            f"{BLOG}/2017/11/14/the-basis-of-feature-spaces-in-deep-networks/",
        ),
    ),
    Section(
        "decorrelation",
        "From input to output",
        Paper(
            "S1",
            "Rupprecht 2018",
            "Layer-wise decorrelation in deep-layered artificial neuronal networks",
            f"{BLOG}/2018/01/08/layer-wise-decorrelation-in-deep-layered-artificial-neuronal-networks/",
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
            "https://arxiv.org/abs/1811.11053",
        ),
    ),
    Section(
        "directions",
        "Neurons or directions?",
        Paper("S4", "Zhang 2015", "Visualizing neuron role with dimensionality reduction of feature space"),
    ),
    Section("agreement", "Unit measures: Do they agree?"),
    Section("replication", "Seeds: Do results replicate?", of_seeds=True),
    Section("specifications", "Claims: Do they depend on choices of the analysis?"),
    Section("claims", "All claims", of_study=True),
)
