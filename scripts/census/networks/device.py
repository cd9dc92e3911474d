"""Where networks run, and how: device, threads, precision, and what becomes of memory that is freed."""

import contextlib
import ctypes

import torch

from census.errors import StudyError

# of glibc's mallopt
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MOST = 1 << 30


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next tensor, rather than give it back to the system.

    Each batch allocates the same large tensors as the one before. Fresh memory comes page by page, zeroed:
    that took a third of SqueezeNet's forward pass. Without glibc nothing changes.
    """
    with contextlib.suppress(AttributeError, OSError):  # other C libraries have no mallopt
        for threshold in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(threshold, _MOST)


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


def choose_precision(request: str, device: str) -> str:
    """Return ``float32`` or ``bfloat16`` for a config's ``precision``, which may leave it to the device.

    Without instructions for bfloat16, torch computes in it by detours: on a processor with AVX2 alone, the
    study's CNN trains for ten times as long as in float32.

    Parameters
    ----------
    request : ``auto``, ``float32`` or ``bfloat16``.
    device : ``cpu`` or ``cuda``.
    """
    if request != "auto":
        return request
    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        found = torch.cpu.get_capabilities()
        native = any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))
    return "bfloat16" if native else "float32"
