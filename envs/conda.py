"""Write the conda environment of the requirement files, for ``snakemake --software-deployment-method conda``.

usage: python conda.py > study.yaml
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
HEADER = """\
# The conda environment of study.txt: the same libraries, the same versions.
# Made by `make envs`; do not edit. Generated, not solved: no test has asked a conda channel whether it has
# all of these versions. Where it lacks one, take the nearest that it has.
channels: [conda-forge, bioconda, nodefaults]
dependencies:
  - python >=3.11
"""

# names on conda-forge and bioconda, where they differ; matplotlib-base is matplotlib without a GUI toolkit
CONDA = {"matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal", "torch": "pytorch"}
# conda has no extras: what they bring, by requirement
EXTRAS = {"snakemake[reports]": ["pygments"]}
PIN = re.compile(r"(?P<name>[\w.-]+)(?P<extra>\[[\w,]+\])?==(?P<version>[\w.]+)$")


def pins(path: Path) -> dict[str, str]:
    """Return the version of each pinned requirement, by name and extra as written, in lower case."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    found = [PIN.match(line) for line in lines if line and not line.startswith("-")]
    if None in found:
        raise ValueError(f"{path}: every requirement needs one exact version, as in numpy==2.4.6")
    return {(pin["name"] + (pin["extra"] or "")).lower(): pin["version"] for pin in found if pin}


def environment(study: Path = HERE / "study.txt", lock: Path = HERE / "lock.txt") -> str:
    """Return the text of the conda environment.

    Parameters
    ----------
    study : the direct requirements.
    lock : the transitive closure, for what extras bring.
    """
    direct, closure = pins(study), pins(lock)
    for requirement, brought in EXTRAS.items():
        if requirement in direct:
            direct |= {name: closure[name] for name in brought}
    named = {CONDA.get(name.partition("[")[0], name): version for name, version in direct.items()}
    return HEADER + "".join(f"  - {name} =={version}\n" for name, version in sorted(named.items()))


if __name__ == "__main__":
    sys.stdout.write(environment())
