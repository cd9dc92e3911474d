"""Device, precision and memory of networks."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from census.errors import StudyError
from census.networks.device import choose_device, choose_precision

ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "scripts")}
FAULTS = """
import resource, sys
import torch
from census.networks.device import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
torch.set_num_threads(1)
network = torch.nn.Sequential(torch.nn.Conv2d(4, 32, 3), torch.nn.ReLU(), torch.nn.Conv2d(32, 4, 3))
images = torch.zeros(12, 4, 256, 256)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
with torch.inference_mode():
    for _ in range(3):
        network(images)
    before = faults()
    for _ in range(5):
        network(images)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_freed_memory_is_used_again():
    def faults(how):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True, env=ENV
        )
        return int(done.stdout)

    assert faults("keep") < 0.5 * faults("give back")


def test_a_gpu_that_is_not_there_is_an_error():
    if torch.cuda.is_available():
        assert choose_device("cuda", 1) == "cuda"
    else:
        with pytest.raises(StudyError, match="device: 'cuda' was asked for"):
            choose_device("cuda", 1)
    assert choose_device("cpu", 1) == "cpu"


@pytest.mark.parametrize(
    ("instructions", "precision"),
    [
        ({"architecture": "x86_64", "avx2": True, "avx512_f": False, "avx512_bf16": False}, "float32"),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, "float32"),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": True}, "bfloat16"),
        ({"architecture": "arm64", "neon": True, "bf16": True}, "bfloat16"),
        ({"architecture": "arm64", "neon": True, "bf16": False}, "float32"),
    ],
)
def test_precision_follows_from_what_the_processor_can(monkeypatch, instructions, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert choose_precision("auto", "cpu") == precision
    assert choose_precision("float32", "cpu") == "float32"
    assert choose_precision("bfloat16", "cpu") == "bfloat16"


def test_what_this_processor_can_is_known():
    """The names under which torch knows instructions are those that are asked for."""
    found = torch.cpu.get_capabilities()
    assert {"avx512_bf16", "amx_bf16"} <= found.keys() or "bf16" in found
