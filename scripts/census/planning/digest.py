"""Digests of code, which jobs have among their parameters: they run again when code they depend on changes.

A digest covers a script and all modules of the library that it imports, directly or not, anywhere in a file.
It is taken of the syntax tree: comments, docstrings, formatting, imports for type checkers, definitions of
columns and captions of figures do not count.
The digest of a file of the user's own is, too, and covers that file alone.
"""

import ast
import contextlib
import hashlib
import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[2]
LIBRARY = "census"

# logging and the wording of errors: no result depends on them
PLUMBING = {"census.errors", "census.jobs"}
# functions of census.measures.columns whose arguments describe a column in words
DESCRIBING = {"column", "share", "count"}
# arguments of census.figures.declaration.View that describe a figure in words
CAPTIONS = {"caption", "corresponds"}
# this file decides, too, what is kept of others
OWN = Path(__file__).read_bytes()


@cache
def code_digest(script: str, *folders: str) -> str:
    """Return a digest of a script and of all code it depends on.

    It does not depend on modification times, on the folder of the checkout, or on the version of Python.

    Parameters
    ----------
    script : path of the file in ``scripts/``.
    folders : folders in ``scripts/`` whose files count as well, such as templates.
    """
    digest = hashlib.sha256()
    path = SCRIPTS / script
    for each in (path, *(_file(name) for name in sorted(modules_of(path)))):
        digest.update(bytes.fromhex(_read(each).content))
    for each in (each for folder in folders for each in sorted((SCRIPTS / folder).rglob("*"))):
        if each.is_file():
            digest.update(hashlib.sha256(each.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def source_digest(source: bytes) -> str:
    """Return a digest of the code of one file, without what it imports.

    Of what is no valid Python, every byte counts: importing it tells the fault.

    Parameters
    ----------
    source : content of the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes, say: the import tells them
            content = _text(ast.parse(source), []).encode()
    # null bytes are a ValueError, too deep an expression is one of the others
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        content = source
    return hashlib.sha256(content).hexdigest()[:16]


@cache
def modules_of(path: Path) -> frozenset[str]:
    """Return the names of all modules of the library that a file depends on, directly or not."""
    found: set[str] = set()
    pending = list(_imports(path))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _imports(_file(name))
    return frozenset(found)


@cache
def _file(module: str) -> Path:
    """Return the path that the file of a module or package would have."""
    path = SCRIPTS.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _imports(path: Path) -> frozenset[str]:
    """Return the modules on which a file's own imports depend."""
    origins = (origin for module, name in _read(path).imported for origin in _origins(module, name))
    return frozenset(origins) - PLUMBING


@cache
def _origins(module: str, name: str) -> frozenset[str]:
    """Return the modules of the library that define a name imported from a module.

    Parameters
    ----------
    name : empty if the module itself is imported. The names of a package are followed to their modules; the
        package counts if it defines the name, or if importing it runs code. Its version is no code.
    """
    path, parts = _file(module), module.split(".")
    if parts[0] != LIBRARY or not path.is_file():
        return frozenset()
    itself = frozenset([module])
    packages = [".".join(parts[:depth]) for depth in range(1, len(parts))]
    running = frozenset(package for package in packages if _read(_file(package)).runs_code)
    if path.name != "__init__.py" or not name:
        return running | itself
    package = _read(path)
    if package.runs_code:
        running |= itself
    if name in package.reexported:
        return running | _origins(*package.reexported[name])
    if _file(f"{module}.{name}").is_file():
        return running | _origins(f"{module}.{name}", "")
    return running if name == "__version__" else running | itself


@dataclass(frozen=True)
class _Source:
    """What digests depend on in a file. Its syntax tree is not kept: many objects slow garbage collection.

    All of it is what JSON has.

    Attributes
    ----------
    content : digest of its code, and of data files beside it that have its name.
    imported : modules that it imports, each with the name taken from it or an empty one.
    reexported : origin, module and name, of each name that it imports, if it is a package.
    runs_code : whether importing it runs more than definitions and imports.
    """

    content: str
    imported: list[tuple[str, str]]
    reexported: dict[str, tuple[str, str]]
    runs_code: bool


@cache
def _read(path: Path) -> _Source:
    """Return what digests depend on in a file.

    It is kept beside the file's byte code, and taken from there while no content has changed: where a study
    has nothing to do, parsing the library would take longer than all other work of ours.
    """
    code = path.read_bytes()
    data = [each.read_bytes() for each in sorted(set(path.parent.glob(f"{path.stem}.*")) - {path})]
    key = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in (OWN, code, *data))).hexdigest()
    kept = path.parent / "__pycache__" / f"{path.stem}.digest"
    # what another process has begun to write is no JSON yet
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(kept.read_bytes())
        if found["key"] == key:
            return _Source(**found["source"])
    source = _parse(code, data, is_package=path.name == "__init__.py")
    with contextlib.suppress(OSError):  # the checkout may be another's, or the disk full
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"key": key, "source": asdict(source)}))
    return source


def _parse(code: bytes, data: Iterable[bytes], *, is_package: bool) -> _Source:
    tree = ast.parse(code)
    imports: list[ast.Import | ast.ImportFrom] = []
    content = hashlib.sha256(_text(tree, imports).encode())
    for each in data:
        content.update(hashlib.sha256(each).digest())
    imported = {
        (alias.name, "") if isinstance(node, ast.Import) else (node.module or "", alias.name)
        for node in imports
        for alias in node.names
    }
    # a package may import lazily, and then names the modules for type checkers alone
    reexported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in (ast.walk(tree) if is_package else ())
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return _Source(content.hexdigest(), sorted(imported), reexported, not all(map(_only_defines, tree.body)))


def _only_defines(statement: ast.stmt) -> bool:
    """Return whether a statement calls nothing, and changes nothing outside of its module."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(node, ast.Call | ast.Subscript) for node in ast.walk(statement))
    definitions = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    return _is_ignored(statement) or isinstance(statement, definitions)


def _is_ignored(node: object) -> bool:
    """Return whether an item of a list in a syntax tree is a docstring, or for type checkers."""
    match node:
        case ast.Expr(ast.Constant(str())) | ast.alias("TYPE_CHECKING"):
            return True
        case ast.If(ast.Name("TYPE_CHECKING"), orelse=[]):
            return True
        case ast.ImportFrom(names=names):
            return all(map(_is_ignored, names))
    return False


def _leave_words_out(call: ast.Call, imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Remove arguments that decide no result: all but the name of a column, and the caption of a figure."""
    modules = {getattr(node, "module", None) for node in imports}
    match call.func:
        case ast.Name(name) if name in DESCRIBING and "census.measures.columns" in modules:
            call.args, call.keywords = [], [each for each in call.keywords if each.arg == "name"]
        case ast.Name("View") if "census.figures.declaration" in modules:
            call.keywords = [each for each in call.keywords if each.arg not in CAPTIONS]


def _text(value: object, imports: list[ast.Import | ast.ImportFrom]) -> str:
    """Return a syntax tree as text, and add its import statements to a list.

    The text is the same on all versions of Python, unlike that of :func:`ast.dump` and :func:`ast.unparse`.
    Empty fields are left out because newer versions have more of them.
    """
    if isinstance(value, list):
        return f"[{','.join(_text(item, imports) for item in value if not _is_ignored(item))}]"
    if not isinstance(value, ast.AST):
        return ascii(value)
    if isinstance(value, ast.Import | ast.ImportFrom):
        imports.append(value)
    if isinstance(value, ast.Call):
        _leave_words_out(value, imports)
    if isinstance(value, ast.JoinedStr):  # Python 3.12 adds empty texts
        value.values = [part for part in value.values if getattr(part, "value", None) != ""]
    # whether a name is read or written follows from its place; a string may have the prefix u
    fields = ((name, getattr(value, name)) for name in value._fields if name not in ("ctx", "kind"))
    written = [f"{name}={_text(field, imports)}" for name, field in fields if field not in (None, [])]
    return f"{type(value).__name__}({','.join(written)})"
