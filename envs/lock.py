"""Write the pinned transitive closure of the requirement files, from pip's report of what it would install.

usage: pip install --dry-run --ignore-installed --report report.json -r dev.txt
       python lock.py report.json > lock.txt
"""

import json
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HEADER = """\
# Every package of the study and its development, with its version: constraints for pip.
# Made by `make lock`; do not edit. Resolved with Python {python}. Local versions (torch's +cpu) are left out,
# and so is what torch requires on some platforms only, its CUDA libraries: it pins those itself.
"""


def platform_specific(name: str, requirement: Requirement) -> bool:
    """Tell whether a requirement is one that torch has on some platforms only."""
    return canonicalize_name(name) == "torch" and "platform" in str(requirement.marker or "")


def lock(report: dict[str, Any]) -> str:
    """Return the text of the lock file.

    Parameters
    ----------
    report : what ``pip install --report`` wrote, see pip's "installation report".
    """
    packages = {canonicalize_name(each["metadata"]["name"]): each for each in report["install"]}
    pending = [name for name, each in packages.items() if each["requested"]]
    wanted = set()
    while pending:
        name = pending.pop()
        if name in wanted or name not in packages:  # pip left out what this platform does not need
            continue
        wanted.add(name)
        for line in packages[name]["metadata"].get("requires_dist", []):
            requirement = Requirement(line)
            if not platform_specific(name, requirement):
                pending.append(canonicalize_name(requirement.name))
    pins = [f"{name}=={Version(packages[name]['metadata']['version']).public}" for name in sorted(wanted)]
    return HEADER.format(python=report["environment"]["python_version"]) + "\n".join(pins) + "\n"


if __name__ == "__main__":
    sys.stdout.write(lock(json.loads(Path(sys.argv[1]).read_text())))
