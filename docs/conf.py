"""The site that ``make site`` builds: Markdown pages, and an API reference from the docstrings."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "scripts"))

import census  # noqa: E402

project = "Neuron Census"
author = "Neuron Census contributors"
copyright = author
version = release = census.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
templates_path = ["templates"]
exclude_patterns = ["templates", "static"]

# headings of these levels are targets of links, under the names that GitHub gives them
myst_heading_anchors = 4

autodoc_member_order = "bysource"
# docstrings have the types, with shapes and units
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"Neuron Census {version}"
html_show_sphinx = False
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}

# pages whose text is a file at the root of the repository, the place in which it is looked for
ROOT_FILES = {"development/changelog": "CHANGELOG.md", "development/contributing": "CONTRIBUTING.md"}
# what a browser loads by itself when it opens a page
REMOTE = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE)


def show_root_file(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace a page by its file at the root, with links as they are from the page's folder."""
    if docname in ROOT_FILES:
        path = DOCS.parent / ROOT_FILES[docname]
        app.env.note_dependency(path)
        text = path.read_text(encoding="utf-8")
        for page, name in ROOT_FILES.items():
            text = text.replace(f"]({name}", f"](docs/{page}.md")
        source[0] = re.sub(r"\]\((?!https?:|#)", "](../../", text)


def refuse_remote_files(app: Sphinx, exception: Exception | None) -> None:
    """Fail if a page of the built site loads a file from elsewhere.

    Raises
    ------
    ExtensionError : names the first such page.
    """
    if exception is None and app.builder.format == "html":
        for page in sorted(Path(app.outdir).rglob("*.html")):
            found = REMOTE.search(page.read_text(encoding="utf-8"))
            if found:
                raise ExtensionError(f"{page}: loads a file from elsewhere: {found[0]}…")


def setup(app: Sphinx) -> None:
    """Connect the functions of this file."""
    app.connect("source-read", show_root_file)
    app.connect("build-finished", refuse_remote_files)
