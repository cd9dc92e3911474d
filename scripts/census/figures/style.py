"""What figures have in common in colors, sizes and words; it imports no library that draws."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Okabe & Ito's palette, told apart by the color-blind
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, INK, GRAY = "#CC79A7", "#56B4E9", "#222222", "#8C8C8C"
WIDTH = 7.2  # inches, the text width of a page
LONGEST = 48  # characters of a name beside an axis
FINAL, UNTRAINED = "final", "0"  # names of checkpoints
COLORS = {FINAL: BLUE, UNTRAINED: GRAY}  # where colors tell the trained from the untrained network
DASHED = (0, (3, 2))  # line style of the untrained network


def layers_of(table: "pd.DataFrame") -> list[str]:
    """Return the names of a table's layers in order of depth."""
    return table.sort_values("depth")["layer"].unique().tolist()


def at(table: "pd.DataFrame", checkpoint: str) -> "pd.DataFrame":
    """Return the rows of a checkpoint in order of depth."""
    here = table[table["checkpoint"] == checkpoint]
    return here.sort_values("depth", kind="stable") if "depth" in table else here


def states(table: "pd.DataFrame") -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield the untrained network, if a table has it, and the final one: checkpoint, rows by depth."""
    for checkpoint in (UNTRAINED, FINAL):
        if checkpoint in set(table["checkpoint"]):
            yield checkpoint, at(table, checkpoint)


def state_of(checkpoint: str) -> str:
    """Return what a title adds to the network's name to tell its state; nothing for the final one."""
    return {FINAL: "", UNTRAINED: ", untrained"}.get(checkpoint, f", step {checkpoint}")


def final_state(table: "pd.DataFrame") -> str:
    """Return what to call the final network of a table: it is not trained where its weights are random."""
    steps = table.loc[table["checkpoint"] == FINAL, "step"]
    return "random weights" if (steps == 0).any() else "trained"


def two_digits(value: float) -> str:
    """Return a number in words, with two digits after the point."""
    if value != value:
        return "undefined"
    return f"{value:.2f}".replace("inf", "∞").replace("-", "−")


def shortened(name: str, longest: int, *, begin: bool = False) -> str:
    """Leave out the beginning of a name of too many characters: its end tells layers apart.

    Parameters
    ----------
    begin : whether the beginning is kept, which tells classes apart.
    """
    if len(name) <= longest:
        return name
    return f"{name[: longest - 1]}…" if begin else f"…{name[1 - longest :]}"


def wrapped(name: str, longest: int) -> str:
    """Break a layer's name of too many characters behind a dot, into two lines of at most that many each."""
    if len(name) <= longest:
        return name
    path, dot, last = name.rpartition(".")
    lines = [path + dot, last] if dot else [name]
    return "\n".join(shortened(line, longest) for line in lines)
