"""Arrays that come in blocks, because all of their values would not fit into memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Block = TypeVar("Block")


class Blocks(Iterable[Block]):
    """Blocks that are read anew each time they are gone through; a list is the same for an array in memory.

    Parameters
    ----------
    read : yields the blocks.
    """

    def __init__(self, read: Callable[[], Iterator[Block]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Block]:
        return self._read()
