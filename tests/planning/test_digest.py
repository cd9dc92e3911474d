"""Digests change with code, and with nothing else."""

import ast
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from census.planning import digest as module

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))

LIBRARY = {
    "job.py": "def work():\n    from census.things import f\n    from census.errors import E\n",
    "census/__init__.py": '"""A library."""\n\n__version__ = "1"\n',
    # re-exports, and runs nothing itself
    "census/things/__init__.py": (
        "from census.things.a import f\nfrom census.things.b import g\n\n__all__ = ['f', 'g']\n"
    ),
    "census/things/a.py": '''\
"""About f."""

from typing import TYPE_CHECKING

from census import __version__, deep
from census.deep import c

if TYPE_CHECKING:
    from census.things import b

FACTOR = 2


def f(x: int, power: int = 1) -> int:
    """Return a number."""
    text = f"{x!r:>{power}}"
    return FACTOR * x**power + c.g(text)
''',
    "census/things/b.py": "def g():\n    return 2\n",
    # runs code when it is imported
    "census/deep/__init__.py": "import os\n\nos.environ.setdefault('A', 'b')\n",
    # imports in a circle
    "census/deep/c.py": "import os\nimport census.things.a\n\n\ndef g(text):\n    return len(text)\n",
    "census/errors.py": "from census.things import b\n\n\nclass E(Exception):\n    pass\n",
}
A, C = "census/things/a.py", "census/deep/c.py"
# file, text, what replaces it
CHANGES = {
    "a constant": (A, "FACTOR = 2", "FACTOR = 3"),
    "the type of a constant": (A, "FACTOR = 2", "FACTOR = 2.0"),
    "a default": (A, "power: int = 1", "power: int = 2"),
    "an operator": (A, "x**power", "x * power"),
    "the order of operations": (A, "FACTOR * x**power", "(FACTOR * x) ** power"),
    "the format of a string": (A, "{x!r:>", "{x!r:<"),
    "a decorator": (A, "def f(", "@abs\ndef f("),
    "the name of a parameter": (A, "power: int", "exponent: int"),
    "the block of a statement": (A, "FACTOR = 2\n", "if f:\n    FACTOR = 2\n"),
    "a branch that runs": (A, "import b\n", "import b\nelse:\n    b = 1\n"),
    "a text that is assigned": (A, '    text = f"', '    text = "About " f"'),
    "a function two imports away": (C, "len(text)", "len(text) + 1"),
    "an import of another library": (C, "import os", "import os, sys"),
    "code that a package runs": ("census/deep/__init__.py", "'b'", "'c'"),
    "the module of a re-exported name": ("census/things/__init__.py", "things.a import", "things.b import"),
    "the script": ("job.py", "work", "run"),
}
CHANGES_NOTHING = {
    "a comment": (A, "FACTOR = 2", "# twice\nFACTOR = 2  # or more"),
    "a docstring": (A, "Return a number.", "Return another number."),
    "no docstring": (A, '    """Return a number."""\n', ""),
    "a docstring of a module": (A, "About f.", "About g."),
    "a docstring of a constant": (A, "FACTOR = 2", 'FACTOR = 2\n"""How often."""'),
    "blank lines": (A, "FACTOR = 2\n\n\n", "FACTOR = 2\n"),
    "broken lines": (A, "f(x: int, power: int = 1)", "f(\n    x: int,\n    power: int = 1,\n)"),
    "parentheses": (A, "x**power + ", "(x ** (power)) + "),
    "quotes": ("census/deep/__init__.py", "'A'", 'u"A"'),
    "notation of a number": (A, "FACTOR = 2", "FACTOR = 0x2"),
    "an import for type checkers": (A, "import b\n", "import b, d\n"),
    "no imports for type checkers": (
        A,
        "from typing import TYPE_CHECKING\n\nfrom census import __version__, deep\n"
        "from census.deep import c\n\nif TYPE_CHECKING:\n    from census.things import b\n",
        "from census import __version__, deep\nfrom census.deep import c\n",
    ),
    "a module imported for type checkers": ("census/things/b.py", "return 2", "return 3"),
    "what a package offers": ("census/things/__init__.py", "['f', 'g']", "['f']"),
    "a name that is not imported": ("census/things/__init__.py", "b import g", "b import g as h"),
    "the version": ("census/__init__.py", '"1"', '"2"'),
    "the wording of an error": ("census/errors.py", "pass", "text = 'Alas'"),
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small library, and the function that writes one of its files."""

    def forget() -> None:
        for function in vars(module).values():
            getattr(function, "cache_clear", lambda: None)()

    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        forget()

    monkeypatch.setattr(module, "SCRIPTS", tmp_path)
    for path, text in LIBRARY.items():
        write(path, text)
    yield write
    forget()


def edited(library, path: str, old: str, new: str) -> tuple[str, str]:
    """Return the digest of ``job.py`` before and after an edit."""
    before = module.code_digest("job.py")
    assert LIBRARY[path].count(old) == 1
    library(path, LIBRARY[path].replace(old, new))
    return before, module.code_digest("job.py")


@pytest.mark.parametrize("edit", CHANGES)
def test_code_that_may_change_a_result_changes_the_digest(library, edit):
    before, after = edited(library, *CHANGES[edit])
    assert before != after


@pytest.mark.parametrize("edit", CHANGES_NOTHING)
def test_other_edits_change_nothing(library, edit):
    before, after = edited(library, *CHANGES_NOTHING[edit])
    assert before == after


def test_imports_are_followed_to_the_defining_module(library, tmp_path):
    # in functions and in circles, not to b, which the package re-exports too, nor into errors
    assert module.modules_of(tmp_path / "job.py") == {"census.things.a", "census.deep", "census.deep.c"}


def test_names_of_a_lazy_package_are_followed(library, tmp_path):
    library(
        "census/things/__init__.py",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from census.things.b import g as f\n",
    )
    assert module.modules_of(tmp_path / "job.py") == {"census.things.b"}


def test_a_package_that_defines_a_name_or_is_used_as_a_whole_counts(library, tmp_path):
    library("census/things/__init__.py", LIBRARY["census/things/__init__.py"] + "\n\ndef h():\n    pass\n")
    library("job.py", "from census.things import h\n")
    everything = {"census.things", "census.things.a", "census.things.b", "census.deep", "census.deep.c"}
    assert module.modules_of(tmp_path / "job.py") == everything
    library("job.py", "from census import things\n")
    assert module.modules_of(tmp_path / "job.py") == everything


def test_each_module_is_read_once(library, monkeypatch):
    read = []
    parse = ast.parse
    monkeypatch.setattr(module.ast, "parse", lambda source: read.append(source) or parse(source))
    library("other.py", "from census.things.a import f\n")
    module.code_digest("job.py")
    module.code_digest("other.py")
    assert len(read) == len(set(read)) == 7


def test_a_file_is_parsed_again_only_if_something_has_changed(library, monkeypatch):
    before = module.code_digest("job.py")
    read = []
    parse = ast.parse
    monkeypatch.setattr(module.ast, "parse", lambda source: read.append(source) or parse(source))
    library("job.py", LIBRARY["job.py"])  # the same, and what this process knows is forgotten
    assert module.code_digest("job.py") == before
    assert read == []
    library(A, LIBRARY[A] + "# a comment\n")
    assert module.code_digest("job.py") == before
    assert len(read) == 1
    # what is read in a file depends on the code that reads it
    monkeypatch.setattr(module, "OWN", b"")
    library("job.py", LIBRARY["job.py"])
    assert module.code_digest("job.py") == before
    assert len(read) > 5


def test_the_cache_of_digests_is_optional(library, tmp_path):
    before = module.code_digest("job.py")
    kept = list(tmp_path.rglob("*.digest"))
    assert {path.stem for path in kept} == {"job", "__init__", "a", "c"}
    for path in kept:
        path.write_text(path.read_text()[:50])  # half written
    library("job.py", LIBRARY["job.py"])
    assert module.code_digest("job.py") == before
    for folder in {path.parent for path in kept}:  # cannot be written to
        shutil.rmtree(folder)
        folder.touch()
    library("job.py", LIBRARY["job.py"])
    assert module.code_digest("job.py") == before


def test_files_of_folders_count_and_backups_of_editors_do_not(library):
    def digests() -> tuple[str, str]:
        return module.code_digest("job.py"), module.code_digest("job.py", "pages")

    digest, with_pages = digests()
    assert digest == with_pages
    for backup in ("job.py~", "census/things/a.py.orig", "pages/deep/page.html~", "pages/.page.html.swp"):
        library(backup, "x = 1\n")
    assert digests() == (digest, digest)
    library("pages/deep/page.html", "<p>")
    pages = digests()
    assert pages[0] == digest != pages[1]
    library("pages/deep/page.html", "<h1>")
    assert digests()[1] not in (digest, pages[1])


def test_the_digest_ignores_times_and_folders(library, tmp_path, monkeypatch):
    before = module.code_digest("job.py")
    for path in tmp_path.rglob("*.py"):
        os.utime(path, (1, 1))
    elsewhere = shutil.copytree(tmp_path, tmp_path / "elsewhere")
    monkeypatch.setattr(module, "SCRIPTS", elsewhere)
    library("elsewhere/job.py", LIBRARY["job.py"])
    assert module.code_digest("job.py") == before


def test_all_versions_of_python_give_the_same_digest(library):
    library(
        "job.py",
        '''\
import re
async def f(a, /, b: list[int] | None = None, *c, d=1e-5, **e):
    """Return nothing."""
    async with a as x, b: yield x
    match a:
        case {"é": [1, *rest], **others} if rest: print(f"{a!r:>{d}} {b=} {{}} 'é'" "\\n", rb"\\d")
        case re.Pattern(flags=0) | None: return
class C(dict, metaclass=type):
    x: int; y, *z = 1, 2j
    try: del x[1:2, ...]
    except* (ValueError, OSError) as error: raise error from None
    finally: w = lambda *a, k=0: {**a, 1: [i for i in a if (j := i) is not None]}
''',
    )
    assert module.code_digest("job.py") == "f5e39d008c48f702"


EDITS_OF_A = {edit: change for edit, (path, *change) in (CHANGES | CHANGES_NOTHING).items() if path == A}


@pytest.mark.parametrize("edit", EDITS_OF_A)
def test_the_digest_of_a_user_file_covers_its_code(edit):
    before, after = LIBRARY[A], LIBRARY[A].replace(*EDITS_OF_A[edit])
    same = module.source_digest(before.encode()) == module.source_digest(after.encode())
    assert same == (edit in CHANGES_NOTHING)


@pytest.mark.parametrize(
    "source",
    [
        b"class Net(:\n",
        b"x = 1\0\n",
        b"x = '\xff'\n",
        b"x = " + b"(" * 1000 + b"1" + b")" * 1000,
        b"x = " + b"-" * 50_000 + b"1",
        b"x = " + b" + ".join([b"1"] * 3000),
    ],
    ids=["syntax", "null byte", "encoding", "parentheses", "operators", "a long sum"],
)
def test_invalid_python_is_hashed_byte_by_byte(source):
    digest = module.source_digest(source)
    assert len(digest) == 16
    assert module.source_digest(source + b"# a comment\n") != digest


def test_warnings_in_user_code_appear_only_on_import():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert module.source_digest(rb"x = '\d'  # digits") == module.source_digest(rb"x = '\d'")


@pytest.fixture(scope="module")
def imported():
    """Return the library's modules that are loaded after all imports of a script, by script."""
    program = """
import ast, json, sys
from pathlib import Path

imported = {}
for script in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "census"]:
        del sys.modules[name]
    for node in ast.walk(ast.parse(Path(script).read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node), {})
    imported[Path(script).name] = [
        name
        for name, module in sys.modules.items()
        if name.startswith("census.") and not hasattr(module, "__path__")
    ]
print(json.dumps(imported))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program, *map(str, SCRIPTS)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(printed.stdout)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_digest_covers_all_that_a_script_imports(imported, script):
    assert module.PLUMBING & set(imported[script.name]), "each script is a job"
    assert set(imported[script.name]) - module.PLUMBING <= module.modules_of(script)


def test_imports_are_absolute():
    # the digest does not follow others
    relative = [
        f"{path}:{node.lineno}"
        for path in (ROOT / "scripts").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []
