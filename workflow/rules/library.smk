# The library, importable by all that follows. ROOT is the clone of the repository, also if another workflow uses this one
# as a module.
import sys
from os import PathLike
from pathlib import Path

from snakemake.exceptions import WorkflowError

if not isinstance(workflow.current_basedir, PathLike):
    # Snakemake fetches only those files of a remote module that the module names
    raise WorkflowError(
        "module: the snakefile is remote, but the library in scripts/ is read from disk; "
        "clone the repository and name the Snakefile in the clone"
    )

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
