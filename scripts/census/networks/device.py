"""Where networks run, and how many threads they take there."""

import torch

from census.errors import StudyError


def choose_device(request: str, threads: int) -> str:
    """Return ``cpu`` or ``cuda`` for a config's ``device``, and give torch the job's threads.

    Raises
    ------
    StudyError : a GPU was asked for and torch sees none.
    """
    torch.set_num_threads(max(1, threads))
    available = torch.cuda.is_available()
    if request == "cuda" and not available:
        raise StudyError("device: 'cuda' was asked for, but torch sees no GPU; use 'auto' or 'cpu'")
    return "cuda" if available and request != "cpu" else "cpu"
