"""What a reader sees is written in one vocabulary: terms that were replaced do not come back.

Looked at: the config and the studies, rules and captions, the atlas, and all texts of the code that are no
docstrings, among them columns and their definitions, texts in figures, messages and errors.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# each with the term that stands in its place; terms that mean something else, too, are left out
REPLACED = {
    r"silent": "inactive",
    r"(?<!usr/share/)pictures?": "image",
    r"(?<!gradient )ascents?|climb\w*": "activation maximization, optimization",
    r"rectifiers?|rectified": "activation function, nonlinearity, nonlinear",
    r"whole maps?": "activation maps",
    r"strengths?": "eigenvalue",
    r"purity": "class entropy",
    r"beaten|beats?": "respond more strongly, substitutes",
    r"facetedness": "multifacetedness",
    r"notions?": "unit measures",
    r"undecided|does not hold": "inconclusive, contradicted",
    r"overlays?|overlaid": "override",
    r"unsettled|(?:come|came|comes) to rest": "not converged, converge",
    r"programmes?": "benchmark suite",
    r"rightly|wrongly": "correctly, misclassified",
    r"worst class": "most affected class",
    r"held fixed": "partial correlation, controlled for",
    r"uneven\w*": "peaked, peakedness",
    r"basis of units": "unit basis",
    r"take out|takes? out|taken out": "ablate",
    r"neighbour\w*|\w*labell\w+|normalis\w+|centre[ds]?|licence\w*|colour\w*|favour\w*": "American spelling",
    r"\w+_(?:before|held|least|most)|n_silent_\w+|step_similarity": "_pre, _partial, _min, _max, …",
    r"auc_(?:random|rs|selectivity|mean_activation)": "ablation_auc_…",
    r"unit_layers|unit_checkpoints|units_per_end": "per_unit_layers, …",
}
# old names stand there so that they can be told
EXCEPT = {"scripts/census/planning/renamed.py"}
TEXTS = ("config.yaml", "studies/*.yaml", "workflow/**/*.smk", "workflow/**/*.rst", "workflow/**/*.yaml")
TEXTS += (
    "scripts/census/atlas/static/*.js",
    "scripts/census/atlas/templates/*.html",
    "Makefile",
    "Snakefile",
)


def docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings of a module, its classes and its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield node.body[0].value


def texts() -> Iterator[tuple[str, int, str]]:
    """Yield what readers see: file, line and text."""
    for pattern in TEXTS:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield str(path.relative_to(ROOT)), number, line
    for path in sorted((ROOT / "scripts").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        left_out = set(map(id, docstrings(tree)))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
                yield str(path.relative_to(ROOT)), node.lineno, node.value


@pytest.fixture(scope="module")
def seen() -> list[tuple[str, int, str]]:
    return [text for text in texts() if text[0] not in EXCEPT]


@pytest.mark.parametrize("old", REPLACED)
def test_a_replaced_term_is_not_used(old, seen):
    term = re.compile(rf"(?<![A-Za-z_-])(?:{old})(?![A-Za-z_-])", re.IGNORECASE)
    found = [f"{file}:{line}: {term.search(text)[0]!r}" for file, line, text in seen if term.search(text)]
    assert not found, f"use: {REPLACED[old]}"
