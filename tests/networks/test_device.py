"""Where networks run, and what becomes of memory."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from census.errors import StudyError
from census.networks.device import choose_device

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
