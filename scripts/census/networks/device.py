"""Choose the device, threads and precision of a network, and keep freed memory for reuse."""

import contextlib
import ctypes

import torch

from census.errors import StudyError
from census.jobs import Script

# of glibc's mallopt
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MOST = 1 << 30


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next tensor instead of returning it to the system.

    Each batch allocates the same large tensors as the batch before. The system zeroes new memory page by
    page, which took a third of SqueezeNet's forward pass. Without glibc, the call has no effect.
    """
    with contextlib.suppress(AttributeError, OSError):  # other C libraries have no mallopt
        for threshold in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(threshold, _MOST)


def choose_device(request: str, threads: int) -> str:
    """Return ``cpu`` or ``cuda`` for the config key ``device``, and set the number of torch's threads.

    Raises
    ------
    StudyError : a GPU is requested and torch sees none.
    """
    torch.set_num_threads(max(1, threads))
    available = torch.cuda.is_available()
    if request == "cuda" and not available:
        raise StudyError("device: 'cuda' was asked for, but torch sees no GPU; use 'auto' or 'cpu'")
    return "cuda" if available and request != "cpu" else "cpu"


def device_of_job(script: Script) -> str:
    """Return the device of a job that runs networks, set its threads, and keep freed memory.

    The device is no parameter of rules: another one changes results only by rounding.
    """
    keep_freed_memory()
    return choose_device(script.config["device"], script.threads)


def choose_precision(request: str, device: str) -> str:
    """Return ``float32`` or ``bfloat16`` for the config key ``precision``; ``auto`` depends on the device.

    Without bfloat16 instructions, torch emulates it. On a processor with AVX2 only, training the study's CNN
    takes ten times as long in bfloat16 as in float32.

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
