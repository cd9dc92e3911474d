"""The sections of the report in order: headings, and papers to which figures correspond."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section of the report. One job draws all its families for a run.

    Attributes
    ----------
    name : its rule is ``figures_NAME``.
    heading : its heading in the report, which sorts headings by the alphabet.
    paper : the study whose figures it corresponds to, as captions cite it; empty for none.
    of_study : whether its figures show the whole study, not a run.
    """

    name: str
    heading: str
    paper: str = ""
    of_study: bool = False


SECTIONS = (
    Section("sparsity", "S0 Sparse or distributed?", "The basis of feature spaces in deep networks (2017)"),
    Section(
        "decorrelation",
        "S1 From input to output",
        "Layer-wise decorrelation in deep-layered artificial neuronal networks (2018)",
    ),
    Section("concepts", "S2 Which concepts?", "Sadeghi (2018)"),
    Section("substitution", "S3 How important?", "Chen et al. (2018)"),
    Section("directions", "S4 Neurons or directions?", "Zhang (Stanford CS231N)"),
    Section("agreement", "X Do the notions agree?"),
    Section("claims", "Claims", of_study=True),
)
