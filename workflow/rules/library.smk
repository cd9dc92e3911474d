# Make the library importable for all other rules. ROOT is the clone of the repository, even if another workflow uses this
# one as a module.
import sys
from os import PathLike
from pathlib import Path

from snakemake.exceptions import WorkflowError

if not isinstance(workflow.current_basedir, PathLike):
    # for a remote module, Snakemake fetches only the files that the module names
    raise WorkflowError(
        "module: the snakefile is remote, but the library in scripts/ is read from disk; "
        "clone the repository and name the Snakefile in the clone"
    )

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
