"""Colors, sizes and words that figures share; imports no plotting library."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# color-blind-safe palette of Okabe & Ito
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, INK, GRAY = "#CC79A7", "#56B4E9", "#222222", "#8C8C8C"
WIDTH = 7.2  # inches, the text width of a page
LONGEST = 48  # maximum characters of a name next to an axis
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
    """Return a number as text with two decimals."""
    if value != value:
        return "undefined"
    return f"{value:.2f}".replace("inf", "∞").replace("-", "−")


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


def wrapped(name: str, longest: int) -> str:
    """Wrap a layer's name after its last dot into two lines of at most ``longest`` characters each."""
    if len(name) <= longest:
        return name
    path, dot, last = name.rpartition(".")
    lines = [path + dot, last] if dot else [name]
    return "\n".join(shortened(line, longest) for line in lines)
