"""Digests of code follow content, and cover all that a script imports."""

import ast
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from census import code

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
# the others cost a second or two less for each of their jobs
NEED_TORCH = {"ablation.py", "ascent.py", "extract.py", "train.py", "weights.py"}

every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)


@functools.cache
def really_imported(script: Path) -> frozenset[str]:
    """Return the modules that a new Python has loaded after all imports that stand in a script."""
    imports = [
        node
        for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    program = "\n".join(
        [*map(ast.unparse, imports), "import json, sys", "print(json.dumps(sorted(sys.modules)))"]
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return frozenset(json.loads(printed.stdout.splitlines()[-1]))


def of_library(modules: frozenset[str]) -> set[str]:
    """Return those modules of the library that hold code."""
    files = {name: ROOT.joinpath("scripts", *name.split(".")).with_suffix(".py") for name in modules}
    return {name for name, path in files.items() if name.startswith("census.") and path.is_file()}


@every_script
def test_the_digest_covers_all_that_a_script_imports(script):
    imported = of_library(really_imported(script))
    assert code.PLUMBING & imported, "each script is a job"
    assert imported - code.PLUMBING <= code.modules_of(script)
    assert of_library(code.modules_of(script)) == code.modules_of(script)


@every_script
def test_torch_is_imported_only_where_a_network_runs(script):
    assert ("torch" in really_imported(script)) == (script.name in NEED_TORCH)


def test_what_the_snakefile_imports_is_light():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    lines = {
        line for path in rules for line in path.read_text().splitlines() if line.startswith("from census")
    }
    program = "\n".join([*sorted(lines), "import sys", "print('census.config' in sys.modules, *sys.modules)"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    asked, *loaded = printed.stdout.split()
    assert asked == "True"
    assert not {"torch", "numpy", "pandas", "zarr", "matplotlib", "sklearn", "scipy"} & set(loaded)


@pytest.mark.parametrize("path", sorted((ROOT / "scripts" / "census").rglob("__init__.py")), ids=str)
def test_packages_hold_no_code(path):
    # a package's own file is in no digest
    docstring, *others = ast.parse(path.read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(docstring.value, ast.Constant)
    if path.parent.name == "census":
        # census.open is for notebooks: no job calls it
        (opening,) = (each for each in others if isinstance(each, ast.FunctionDef))
        assert opening.name == "open"
        others = [each for each in others if not isinstance(each, ast.FunctionDef | ast.ImportFrom | ast.If)]
        assert [ast.unparse(each).partition(" ")[0] for each in others] == ["__version__"]
    else:
        assert not others


def test_imports_are_absolute():
    # the digest does not follow others
    relative = [
        f"{path}:{node.lineno}"
        for path in (ROOT / "scripts").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Digests of ``job.py`` in a small library of its own: job → census.a → census.deep.b, census.errors."""
    for path, text in {
        "job.py": "def work():\n    from census.a import f\n",
        "census/__init__.py": '"""A library."""\n',
        "census/a.py": "import census.deep.b\nfrom census.errors import E\nfrom census import nothing\n",
        "census/deep/__init__.py": "",
        "census/deep/b.py": "from census.a import f\nimport os\n",
        "census/deep/other.py": "1\n",
        "census/errors.py": "from census.deep import other\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)

    def digest(*folders: str) -> str:
        code.modules_of.cache_clear()
        code.code_digest.cache_clear()
        return code.code_digest("job.py", *folders)

    yield digest
    code.modules_of.cache_clear()
    code.code_digest.cache_clear()


def test_imports_are_followed_in_functions_in_circles_and_not_into_plumbing(digest, tmp_path):
    digest()
    assert code.modules_of(tmp_path / "job.py") == {"census.a", "census.deep.b"}


@pytest.mark.parametrize("name", ["job.py", "census/a.py", "census/deep/b.py"])
def test_the_digest_follows_content(digest, tmp_path, name):
    before, text = digest(), (tmp_path / name).read_text()
    (tmp_path / name).write_text(f"{text}# a remark\n")
    assert digest() != before
    (tmp_path / name).write_text(text)
    assert digest() == before


@pytest.mark.parametrize("name", ["census/errors.py", "census/deep/other.py", "census/__init__.py"])
def test_the_digest_ignores_what_decides_no_number(digest, tmp_path, name):
    before = digest()
    with (tmp_path / name).open("a") as file:
        file.write("# a remark\n")
    assert digest() == before


def test_the_digest_follows_data_that_have_a_module_s_name(digest, tmp_path):
    before = digest()
    (tmp_path / "census" / "a.yaml").write_text("key: 1\n")
    beside = digest()
    assert beside != before
    (tmp_path / "census" / "a.yaml").write_text("key: 2\n")
    assert digest() not in (before, beside)
    # of what is not imported, nothing counts
    (tmp_path / "census" / "nothing.yaml").write_text("key: 1\n")
    (tmp_path / "census" / "a.yaml").unlink()
    assert digest() == before


def test_the_digest_follows_other_files_in_folders_that_are_named(digest, tmp_path):
    (tmp_path / "pages" / "deep").mkdir(parents=True)
    (tmp_path / "pages" / "deep" / "page.html").write_text("<p>")
    before, without = digest("pages"), digest()
    assert before != without
    (tmp_path / "pages" / "deep" / "page.html").write_text("<h1>")
    assert digest("pages") != before
    assert digest() == without


def test_the_digest_is_blind_to_times_and_places(digest, tmp_path, monkeypatch):
    before = digest()
    for path in tmp_path.rglob("*.py"):
        os.utime(path, (1, 1))
    assert digest() == before
    elsewhere = shutil.copytree(tmp_path, tmp_path / "elsewhere")
    monkeypatch.setattr(code, "SCRIPTS", elsewhere)
    assert digest() == before


def test_the_same_code_in_another_file_is_other_code(digest, tmp_path):
    before = digest()
    (tmp_path / "census/a.py").write_text((tmp_path / "census/a.py").read_text().replace("deep.b", "deep.c"))
    (tmp_path / "census/deep/b.py").rename(tmp_path / "census/deep/c.py")
    assert digest() != before
