"""The documentation is up to date, and names what there is."""

import ast
import re
import runpy
from pathlib import Path

import pytest
import yaml

import census
from census.errors import StudyError
from census.measures import DECLARED, declared
from census.planning.config import Config, read_config
from census.planning.rules import paths_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MAKE = runpy.run_path(str(DOCS / "make_configuration.py"))
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
# pages whose blocks of YAML are study configs
STUDY_CONFIGS = ["README.md", "docs/howto/own-images.md", "docs/howto/own-network.md"]
# names that the library imports when they are first used
OFFERED = {f"census.{name}" for name in census.__all__}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# top folders of the repository, at which a path in a page begins
FOLDERS = ("docs/", "envs/", "scripts/", "studies/", "tests/", "workflow/")
STUDIES = sorted((ROOT / "studies").glob("*.yaml"))
# studies that reproduce no paper
NO_PAPERS = {"imagenet", "imagenet-networks", "openclipart", "quick", "replication"}
# made by following docs/howto/add-measure.md, the user's own, or made by `make quick`
NOT_YET = re.compile(r"kurtosis|studies/(mine|quick/|…)")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def blocks_of(text: str, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text) if found == language]


def blocks(page: Path, language: str) -> list[str]:
    return blocks_of(page.read_text(), language)


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def rules() -> str:
    """Return the rules as they are written; of declared measures, their names and paths."""
    written = [path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
    measures = [declared(name) for name in DECLARED]
    return "\n".join(
        [*written, *(f"rule {each.name}: {' '.join(paths_of(each).values())}" for each in measures)]
    )


def test_the_configuration_page_is_made_from_the_models():
    page = MAKE["reference"](Config.model_json_schema()).rstrip() + "\n"
    assert MAKE["PAGE"].read_text() == page, "run `make docs`"


def test_the_configuration_page_has_every_key():
    page = MAKE["PAGE"].read_text()

    def keys(part: object) -> set[str]:
        if not isinstance(part, dict):
            return set()
        own = set(part["properties"]) if isinstance(part.get("properties"), dict) else set()
        return own.union(*map(keys, part.values()))

    assert {key for key in keys(Config.model_json_schema()) if f"**`{key}`**" not in page} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", found.read_text()), re.MULTILINE)
            assert heading in map(anchor, headings), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    for name in re.findall(r"`([^`\s]+)`", prose(page)):
        if name.startswith(FOLDERS) and not NOT_YET.search(name):
            assert list(ROOT.glob(name.rstrip("/"))), name


def test_results_that_are_named_are_made_by_a_rule():
    known = rules()
    for page in PAGES:
        for name in re.findall(r"`(results/measures/[^`\s]+)`", prose(page)):
            assert name in known or NOT_YET.search(name), f"{page.name}: {name}"


def test_rules_that_are_named_exist():
    table = prose(DOCS / "explanation" / "architecture.md").partition("| rules |")[2].partition("\n\n")[0]
    names = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_{}]+)`", row.split("|")[2])
    ]
    assert len(names) > 5
    for name in names:
        stem = name.partition("{")[0]
        assert re.search(rf"^rule {name}:|^use rule \w+ as {name} |f?\"{stem}{{", rules(), re.MULTILINE), name


def test_modules_that_are_named_exist():
    for page in PAGES:
        for name in re.findall(r"`(census(?:\.\w+)+)`", prose(page)):
            path = ROOT / "scripts" / Path(*name.split("."))
            package = path.parent / "__init__.py"
            defined = package if package.exists() else path.parent.with_suffix(".py")
            assert (
                path.with_suffix(".py").exists()
                or path.is_dir()
                or re.search(rf"^(def|class) {path.name}\b", defined.read_text(), re.MULTILINE)
                or name in OFFERED
            ), f"{page.name}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_compile(page):
    for block in blocks(page, "python"):
        ast.parse(block)


def overridden(default: dict, override: dict) -> dict:
    """Return what Snakemake makes of a config and an override, one level deep."""
    return default | {
        key: {**default[key], **value} if isinstance(value, dict) else value
        for key, value in override.items()
    }


@pytest.mark.parametrize("block", [block for page in STUDY_CONFIGS for block in blocks(ROOT / page, "yaml")])
def test_study_configs_of_the_pages_are_valid(block):
    try:
        read_config(overridden(DEFAULT, yaml.safe_load(block)))
    except StudyError as error:  # the folders and files that it names are the reader's
        lines = str(error).splitlines()
        assert [
            line for line in lines if "there is no folder" not in line and "there is no file" not in line
        ] == []


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.stem)
def test_studies_have_an_entry_and_a_page(study):
    if study.stem in NO_PAPERS:
        return
    index = (DOCS / "howto" / "reproduce-paper.md").read_text()
    assert f"](../../studies/{study.name})" in index
    assert f"](../studies/{study.stem}.md)" in index
    page = (DOCS / "studies" / f"{study.stem}.md").read_text()
    assert f"](../../studies/{study.name})" in page
    (setting, *_) = [block for block in blocks_of(page, "sh") if "--configfile" in block]
    assert setting.startswith(f"snakemake --cores all --configfile studies/{study.name}")
    # what is said at the top of the override leads to the page, and calls it alike
    assert f"docs/studies/{study.stem}.md" in study.read_text()
    assert " ".join(setting.split()) in " ".join(study.read_text().replace("#", "").split())


def test_pages_of_studies_are_about_studies():
    pages = {page.stem for page in (DOCS / "studies").glob("*.md")}
    assert pages - NO_PAPERS == {study.stem for study in STUDIES} - NO_PAPERS


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.stem)
def test_pages_of_studies_name_what_their_override_makes(study):
    if study.stem in NO_PAPERS:
        return
    page = (DOCS / "studies" / f"{study.stem}.md").read_text()
    runs = yaml.safe_load(study.read_text())["runs"]
    table = (DOCS / "reference" / "figures.md").read_text()
    paper = page.removeprefix("# ").partition(":")[0]
    rows = re.findall(rf"^\| {paper} \|.* `(results/\S+)` \|$", table, re.MULTILINE)
    assert rows
    for row in rows:
        if row.endswith("steps.png"):  # of networks that are trained in the study
            continue
        # a page may say once what is the same of all its networks
        found = [row.replace("{dataset}", run["dataset"]) for run in runs]
        found += [file.replace("{network}", run["network"]) for file, run in zip(found, runs, strict=True)]
        name = Path(row).name
        assert any(f"`{file}`" in page for file in found) or f"`{name}`" in page, row
    # and nothing of other networks
    for network, dataset in re.findall(r"results/figures/\w+/([^/`]+)/([^/`]+)/", page):
        assert (network, dataset) == ("cnn", "fashion_mnist") or (
            network in ("{network}", *(run["network"] for run in runs))
            and dataset in [run["dataset"] for run in runs]
        )


def test_make_targets_are_described():
    page = (DOCS / "reference" / "command-line.md").read_text()
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {target for target in targets if f"| `make {target}` |" not in page} == {"help"}


def test_the_site_has_every_page():
    listed = set()
    for page in DOCS.rglob("*.md"):
        for block in blocks(page, "{toctree}"):
            entries = re.findall(r"^(?:[^:].*<)?([\w./-]+)>?$", block, re.MULTILINE)
            listed |= {(page.parent / f"{entry}.md").resolve() for entry in entries}
    assert listed == set(DOCS.rglob("*.md")) - {DOCS / "index.md"}


def test_the_page_of_coverage_tells_recorded_from_refused():
    make = runpy.run_path(str(DOCS / "make_coverage.py"))
    recorded = {
        "layers": 70,
        "fields": 67,
        "difference": 7e-7,
        "ablated": 3,
        "part": 3,
        "seconds": 1.25,
    }
    rows = {
        "b": recorded,
        "a": recorded | {"part": 0},
        "c": recorded | {"part": 1},
        "d": {"refused": "returns\n<maps> | more"},
        "e": {"failed": "took more than 8 GB of memory"},
    }
    page = make["page"]({"timm": {name: make["line"](name, row) for name, row in rows.items()}})
    # from which single lines can be renewed
    assert make["page"](make["lines_of"](page)) == page
    lines = page.splitlines()
    assert "| timm | 5 | 3 | 1 | 1 |" in lines
    assert [line for line in lines if line.startswith(("| a", "| b", "| c", "| d", "| e"))] == [
        "| a | yes | 70 | 7e−07 | 67 of 70 | whole | 1.2 |",
        "| b | yes | 70 | 7e−07 | 67 of 70 | part | 1.2 |",
        "| c | yes | 70 | 7e−07 | 67 of 70 | part at 1 of 3 layers | 1.2 |",
        r"| d | returns &lt;maps> \| more | | | | | |",
        "| e | failed: took more than 8 GB of memory | | | | | |",
    ]
