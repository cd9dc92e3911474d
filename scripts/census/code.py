"""Digests of code, by content: what a job's numbers depend on beside its inputs and parameters.

A module may have data beside it, in a file of its own name: ``dictionary.yaml`` belongs to ``dictionary.py``.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]

# they log and word errors, and decide no number: a change there makes no result out of date
PLUMBING = {"census.errors", "census.jobs"}


def _path(module: str) -> Path | None:
    """Return the file of a module of the library; None for a package or what is no module."""
    path = SCRIPTS.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield the full names of the library's modules that a file imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # what is imported may be a name in the module, or a module in the package
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.partition(".")[0] == "census" and name not in PLUMBING and _path(name):
                yield name


@cache
def modules_of(path: Path) -> frozenset[str]:
    """Return the names of all modules of the library that a file imports, directly or not."""
    found: set[str] = set()
    pending = [path]
    while pending:
        for name in _imports(ast.parse(pending.pop().read_text())):
            if name not in found:
                found.add(name)
                pending.append(SCRIPTS.joinpath(*name.split(".")).with_suffix(".py"))
    return frozenset(found)


@cache
def code_digest(script: str, *folders: str) -> str:
    """Return a digest of a script, of all that it imports from the library, and of files that it reads there.

    It is blind to modification times, folders and checkouts: only content counts.

    Parameters
    ----------
    script : file name in ``scripts/``.
    folders : in ``scripts/``, whose files are no code of Python, such as templates.
    """
    path = SCRIPTS / script
    paths = [
        path,
        *(SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in sorted(modules_of(path))),
        *(each for folder in folders for each in sorted((SCRIPTS / folder).rglob("*")) if each.is_file()),
    ]
    digest = hashlib.sha256()
    for each in paths:
        for file in sorted(each.parent.glob(f"{each.stem}.*")):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
