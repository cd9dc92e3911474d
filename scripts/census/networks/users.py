"""Import the user's modules from the working folder, even if their names are taken.

User modules may have the names of loaded modules or of files in ``scripts/``. Those are removed from
``sys.modules`` while user modules are imported and called, and restored afterwards. So neither shadows the
other. This module does not import torch.
"""

import ast
import contextlib
import importlib
import importlib.machinery
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

# the workflow's scripts and its library, none of which is the user's
SCRIPTS = Path(__file__).parents[2]
# by working folder, the modules imported from it, with the time and size of their files
_imported: dict[str, tuple[dict[str, ModuleType], list[tuple[str, int, int]]]] = {}


def search_path() -> list[str]:
    """Return the search path of user modules, without the workflow's ``scripts/``."""
    scripts = SCRIPTS.resolve()
    return [os.getcwd(), *(folder for folder in sys.path if Path(folder).resolve() != scripts)]


def file_of(module: str) -> Path | None:
    """Return the file of a user module without importing it; None if there is none."""
    folders = search_path()
    *packages, name = module.split(".")
    for package in packages:
        folders = [os.path.join(folder, package) for folder in folders]
    spec = importlib.machinery.PathFinder.find_spec(name, folders)
    origin = spec.origin if spec else None
    return Path(origin) if origin is not None and os.path.isfile(origin) else None


def files_of(module: str, name: str) -> list[Path]:
    """Return the file of a user module and, if it imports a name from others, the files of these in turn."""
    found: dict[Path, None] = {}
    pending = [(module, name)]
    while pending:
        module, name = pending.pop()
        file = file_of(module)
        if file is None or file in found:
            continue
        found[file] = None
        package = module.split(".")[: None if file.name == "__init__.py" else -1]
        with contextlib.suppress(SyntaxError, ValueError):  # the import reports them
            for node in ast.parse(file.read_bytes()).body:
                if not isinstance(node, ast.ImportFrom):
                    continue
                parents = package[: len(package) + 1 - node.level] if node.level else []
                origin = ".".join([*parents, *filter(None, [node.module])])
                pending += [
                    (origin, name if each.name == "*" else each.name)
                    for each in node.names
                    if each.name == "*" or (each.asname or each.name) == name
                ]
    return list(found)


@contextlib.contextmanager
def working_folder_first(module: str = "") -> Iterator[None]:
    """Prefer modules of the working folder over others of the same name, within this context.

    Modules that were imported from there before are reused unless one of their files has changed.

    Parameters
    ----------
    module : the requested module. Other user modules do not replace Python's own, which torch may import
        meanwhile.
    """
    folder = Path.cwd()
    tops = {
        path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    tops -= {"census", *sys.stdlib_module_names}
    top = _top(module)
    if top and ((folder / top).is_dir() or (folder / f"{top}.py").is_file()):
        tops.add(top)
    known, states = _imported.get(str(folder), ({}, []))
    if _files(known) != states:
        known = {}
    aside = {name: each for name, each in _of(tops).items() if known.get(name) is not each}
    path_before, written = list(sys.path), sys.dont_write_bytecode
    for name in _of(tops):
        del sys.modules[name]
    sys.modules.update({name: each for name, each in known.items() if _top(name) in tops})
    sys.path[:] = search_path()
    # byte code is dated in whole seconds: an edit within the same second would be missed
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path_before, written
        if str(folder) not in sys.path:
            sys.path.append(str(folder))  # for imports during a forward pass
        mine = known | _of(tops)
        _imported[str(folder)] = mine, _files(mine)
        sys.modules.update(aside)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _of(tops: set[str]) -> dict[str, ModuleType]:
    """Return the loaded modules of some names, and their submodules."""
    return {name: each for name, each in sys.modules.items() if _top(name) in tops}


def _files(modules: dict[str, ModuleType]) -> list[tuple[str, int, int]]:
    """Return path, time and size of each module's file."""
    paths = {str(getattr(each, "__file__", None)) for each in modules.values()}
    states = [(path, os.stat(path)) for path in sorted(paths) if os.path.isfile(path)]
    return [(path, state.st_mtime_ns, state.st_size) for path, state in states]
