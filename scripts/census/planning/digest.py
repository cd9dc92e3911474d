"""Digests of code. Jobs have them as parameters, so they rerun when code they depend on changes.

A digest covers a script and every library module that it imports, directly or not, anywhere in a file.
It hashes the syntax tree. Comments, docstrings, formatting, imports for type checkers, descriptions of
columns and captions of figures are ignored.
The digest of a user's own file follows the same rules but covers that file alone.
"""

import ast
import contextlib
import hashlib
import json
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[2]
LIBRARY = "census"

# no result depends on logging or error messages
PLUMBING = {"census.errors", "census.jobs"}
# functions of census.measures.columns whose arguments describe a column in words
DESCRIBING = {"column", "share", "count"}
# arguments of census.figures.declaration.View that describe a figure in words
CAPTIONS = {"caption", "corresponds"}
# the cached digests of other files depend on this file
OWN = Path(__file__).read_bytes()


@cache
def code_digest(script: str, *folders: str) -> str:
    """Return a digest of a script and of all code it depends on.

    The digest is independent of modification times, the folder of the checkout and the version of Python.

    Parameters
    ----------
    script : path of the file relative to ``scripts/``.
    folders : folders in ``scripts/`` whose files are included, such as templates.
    """
    digest = hashlib.sha256()
    path = SCRIPTS / script
    for each in (path, *(_file(name) for name in sorted(modules_of(path)))):
        digest.update(bytes.fromhex(_read(each).content))
    for each in (each for folder in folders for each in sorted((SCRIPTS / folder).rglob("*"))):
        # neither hidden files nor backups of editors
        if each.is_file() and not each.name.startswith(".") and not each.name.endswith("~"):
            digest.update(hashlib.sha256(each.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def source_digest(source: bytes) -> str:
    """Return a digest of the code of one file, without its imports.

    If the file is not valid Python, all bytes are hashed; importing it reports the error.

    Parameters
    ----------
    source : content of the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as for invalid escapes; the import reports them
            content = _text(ast.parse(source), []).encode()
    # null bytes raise ValueError; expressions nested too deeply, MemoryError or RecursionError
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        content = source
    return hashlib.sha256(content).hexdigest()[:16]


@cache
def modules_of(path: Path) -> frozenset[str]:
    """Return the names of all library modules that a file depends on, directly or indirectly."""
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
    """Return the path of a module's or package's file, whether or not it exists."""
    path = SCRIPTS.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _imports(path: Path) -> frozenset[str]:
    """Return the library modules that a file itself imports."""
    origins = (origin for module, name in _read(path).imported for origin in _origins(module, name))
    return frozenset(origins) - PLUMBING


@cache
def _origins(module: str, name: str) -> frozenset[str]:
    """Return the library modules that define a name imported from a module.

    A name imported from a package is traced to its module. The package itself is included if it defines the
    name, or if importing it runs code. Its ``__version__`` is ignored.

    Parameters
    ----------
    module : dotted name of the module or package.
    name : imported name; empty if the module itself is imported.
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
    """The parts of a file on which digests depend, as types that JSON can represent.

    Syntax trees are not kept, because many objects slow garbage collection.

    Attributes
    ----------
    content : digest of the file's code.
    imported : pairs of an imported module and the name imported from it, empty for the module itself.
    reexported : module and name from which a package imports each name; empty for other files.
    runs_code : whether importing the file runs more than definitions and imports.
    """

    content: str
    imported: list[tuple[str, str]]
    reexported: dict[str, tuple[str, str]]
    runs_code: bool


@cache
def _read(path: Path) -> _Source:
    """Return the parts of a file on which digests depend.

    They are cached next to the file's byte code until its content changes. Without the cache, parsing the
    library would dominate the start of a study that has nothing to do.
    """
    code = path.read_bytes()
    key = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in (OWN, code))).hexdigest()
    kept = path.parent / "__pycache__" / f"{path.stem}.digest"
    # a file that another process is still writing is not valid JSON
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(kept.read_bytes())
        if found["key"] == key:
            return _Source(**found["source"])
    source = _parse(code, is_package=path.name == "__init__.py")
    with contextlib.suppress(OSError):  # the checkout may be read-only, or the disk full
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"key": key, "source": asdict(source)}))
    return source


def _parse(code: bytes, *, is_package: bool) -> _Source:
    tree = ast.parse(code)
    imports: list[ast.Import | ast.ImportFrom] = []
    content = hashlib.sha256(_text(tree, imports).encode())
    imported = {
        (alias.name, "") if isinstance(node, ast.Import) else (node.module or "", alias.name)
        for node in imports
        for alias in node.names
    }
    # a package with lazy imports names the modules only for type checkers
    reexported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in (ast.walk(tree) if is_package else ())
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return _Source(content.hexdigest(), sorted(imported), reexported, not all(map(_only_defines, tree.body)))


def _only_defines(statement: ast.stmt) -> bool:
    """Return whether a statement calls nothing and changes nothing outside its module."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(node, ast.Call | ast.Subscript) for node in ast.walk(statement))
    definitions = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    return _is_ignored(statement) or isinstance(statement, definitions)


def _is_ignored(node: object) -> bool:
    """Return whether an item of a list in a syntax tree is a docstring or serves only type checkers."""
    match node:
        case ast.Expr(ast.Constant(str())) | ast.alias("TYPE_CHECKING"):
            return True
        case ast.If(ast.Name("TYPE_CHECKING"), orelse=[]):
            return True
        case ast.ImportFrom(names=names):
            return all(map(_is_ignored, names))
    return False


def _leave_words_out(call: ast.Call, imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Remove arguments that affect no result: descriptions of columns and captions of figures."""
    modules = {getattr(node, "module", None) for node in imports}
    match call.func:
        case ast.Name(name) if name in DESCRIBING and "census.measures.columns" in modules:
            call.args, call.keywords = [], [each for each in call.keywords if each.arg == "name"]
        case ast.Name("View") if "census.figures.declaration" in modules:
            call.keywords = [each for each in call.keywords if each.arg not in CAPTIONS]


def _text(value: object, imports: list[ast.Import | ast.ImportFrom]) -> str:
    """Return a syntax tree as text, and add its import statements to a list.

    Unlike the text of :func:`ast.dump` and :func:`ast.unparse`, it is the same in all versions of Python.
    Empty fields are omitted because newer versions have more of them.
    """
    if isinstance(value, list):
        return f"[{','.join(_text(item, imports) for item in value if not _is_ignored(item))}]"
    if not isinstance(value, ast.AST):
        return ascii(value)
    if isinstance(value, ast.Import | ast.ImportFrom):
        imports.append(value)
    if isinstance(value, ast.Call):
        _leave_words_out(value, imports)
    if isinstance(value, ast.JoinedStr):  # Python 3.12 adds empty strings
        value.values = [part for part in value.values if getattr(part, "value", None) != ""]
    # ctx follows from the position of a name; kind is the prefix u of a string
    fields = ((name, getattr(value, name)) for name in value._fields if name not in ("ctx", "kind"))
    written = [f"{name}={_text(field, imports)}" for name, field in fields if field not in (None, [])]
    return f"{type(value).__name__}({','.join(written)})"
