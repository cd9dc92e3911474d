"""Colors, sizes and words that figures share; imports no plotting library."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# color-blind-safe palette of Okabe & Ito
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, INK, GRAY = "#CC79A7", "#56B4E9", "#222222", "#8C8C8C"
PREDICTED = "#EAF3FA"  # area of the side of the null that a claim predicts
WIDTHS = {"column": 3.5, "page": 7.2}  # inches, of a figure in one column of a page, and across it
HEIGHT = 9.4  # inches, maximum height of a figure: a page with a caption
HEADING = 0.7  # inches of a figure's height that title and margins take at most
STRIPS = 5.94  # inches of a page's width that strips of images take
# dots of the canvas in which strips of images lie
TILE, GAP, BETWEEN_STRIPS, BETWEEN_LINES, BETWEEN_LAYERS = 36, 2, 12, 32, 12
RIDGE = 0.32  # inches, a row of a histogram per layer
LONGEST = 48  # maximum characters of a name next to an axis
KIND_NAMES = {
    "input": "input",
    "output": "logits",
    "nonlinearity": "nonlinear layer",
    "pooling": "pooling",
    "module": "module output",
    "other": "other layer",
}
FINAL, UNTRAINED = "final", "0"  # names of checkpoints
COLORS = {FINAL: BLUE, UNTRAINED: GRAY}  # trained and untrained network
DASHED = (0, (3, 2))  # line style of the untrained network


def layers_of(table: "pd.DataFrame") -> list[str]:
    """Return the names of a table's layers in order of depth."""
    return table.sort_values("depth")["layer"].unique().tolist()


def at(table: "pd.DataFrame", checkpoint: str) -> "pd.DataFrame":
    """Return the rows of a checkpoint in order of depth."""
    here = table[table["checkpoint"] == checkpoint]
    return here.sort_values("depth", kind="stable") if "depth" in table else here


def states(table: "pd.DataFrame") -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield checkpoint and rows by depth of the untrained network, if present, and of the final one."""
    for checkpoint in (UNTRAINED, FINAL):
        if checkpoint in set(table["checkpoint"]):
            yield checkpoint, at(table, checkpoint)


def state_of(checkpoint: str) -> str:
    """Return the suffix of a network's name in titles for a checkpoint; empty for the final one."""
    return {FINAL: "", UNTRAINED: ", untrained"}.get(checkpoint, f", step {checkpoint}")


def final_state(table: "pd.DataFrame") -> str:
    """Return the name of a table's final state: trained, or random weights."""
    steps = table.loc[table["checkpoint"] == FINAL, "step"]
    return "random weights" if (steps == 0).any() else "trained"


def two_digits(value: float) -> str:
    """Return a number as text with two decimals, without a sign if they are 0."""
    if value != value:
        return "undefined"
    # + 0 removes the sign of −0
    return f"{round(value, 2) + 0:.2f}".replace("inf", "∞").replace("-", "−")


def with_interval(value: float, low: float, high: float) -> str:
    """Return a number and its interval as text; without an interval if that is undefined."""
    return two_digits(value) + ("" if low != low else f" [{two_digits(low)}, {two_digits(high)}]")


def shortened(name: str, longest: int, *, begin: bool = False) -> str:
    """Truncate a name to its end, which distinguishes layers.

    Parameters
    ----------
    name : the name.
    longest : maximum number of characters.
    begin : whether to keep the beginning instead, which distinguishes classes.
    """
    if len(name) <= longest:
        return name
    return f"{name[: longest - 1]}…" if begin else f"…{name[1 - longest :]}"


def strips_in_line(n_images: int) -> int:
    """Return how many strips of images, those at an end of a direction, are beside each other on a page."""
    return max(1, int(STRIPS / (0.22 * n_images + 0.06)))


def strips_height(n_strips: int, n_images: int) -> float:
    """Return the height in inches of a layer's strips on a page, each with images at both ends."""
    in_line = strips_in_line(n_images)
    height = ceil(n_strips / in_line) * (2 * (TILE + GAP) + BETWEEN_LINES) + BETWEEN_LAYERS
    return height * STRIPS / strips_width(n_images)


def strips_width(n_images: int) -> int:
    """Return the width in dots of the strips beside each other on a page."""
    return strips_in_line(n_images) * (n_images * (TILE + GAP) - GAP + BETWEEN_STRIPS) - BETWEEN_STRIPS + 2


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return layers' names without what most of them have in common, by the whole names.

    The module in which at least two thirds of the nested layers are is left out, and so is an ending that as
    many have. Names of fewer than four layers are unchanged.

    Examples
    --------
    >>> list(short_names(["input", "f.3.squeeze_act", "f.3.expand_act", "output"]).values())
    ['input', '3.squeeze', '3.expand', 'output']
    """
    whole = list(dict.fromkeys(names))
    nested = [name for name in whole if "." in name]
    if len(whole) < 4 or not nested:
        return {name: name for name in whole}
    (first, count), *_ = Counter(name.partition(".")[0] for name in nested).most_common(1)
    begin = f"{first}." if 3 * count >= 2 * len(nested) and count > 1 else ""
    short = {name: name.removeprefix(begin) for name in whole}
    inner = [name for name in short.values() if "." in name]
    endings = Counter(name.rpartition("_")[2] for name in inner if "_" in name.rpartition(".")[2])
    ending, count = endings.most_common(1)[0] if endings else ("", 0)
    if count > 1 and 3 * count >= 2 * len(inner):
        end = f"_{ending}"
        short = {name: shown.removesuffix(end) if "." in shown else shown for name, shown in short.items()}
    return short if len(set(short.values())) == len(whole) else {name: name for name in whole}


def modules_of(names: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return module, first place and number of each stretch of two or more layers of one module.

    Examples
    --------
    >>> modules_of(["input", "3.squeeze", "3.expand", "4.squeeze", "output"])
    [('3', 1, 2)]
    """
    stretches, place = [], 0
    for module, group in groupby(names, key=lambda name: name.rpartition(".")[0]):
        count = len(list(group))
        if module and count > 1:
            stretches.append((module, place, count))
        place += count
    return stretches


def wrapped(name: str, longest: int) -> str:
    """Wrap a layer's name after its last dot into two lines of at most ``longest`` characters each."""
    if len(name) <= longest:
        return name
    path, dot, last = name.rpartition(".")
    lines = [path + dot, last] if dot else [name]
    return "\n".join(shortened(line, longest) for line in lines)
