"""Write the atlas's page, and its data as scripts, because a page on disk can load nothing else."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from typing import Any

from census.atlas.tables import COMPANIONS, REPEATED
from census.figures.style import KIND_NAMES
from census.statistics.reliability import RELIABLE

HERE = Path(__file__).parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
# in order of execution: each uses those before it
SCRIPTS = (
    "data.js",
    "dom.js",
    "query.js",
    "list.js",
    "images.js",
    "viewer.js",
    "plots.js",
    "table.js",
    "gallery.js",
    "papers.js",
    "claims.js",
    "pages.js",
    "unit.js",
    "image.js",
    "directions.js",
    "compare.js",
    "main.js",
)
# for all views
RULES = {"companions": COMPANIONS, "repeated": REPEATED, "reliable": RELIABLE, "kinds": KIND_NAMES}
DATA = re.compile(r'ATLAS\["([^"]+)"\] = (.*);\n', re.DOTALL)
# characters that could end a script or a line within a string
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def data_script(key: str, data: Any) -> str:
    """Return a script that passes data to the atlas, with special characters escaped.

    Parameters
    ----------
    key : key under which the atlas requests the data; ASCII letters, digits and ``/_.~-``.
    data : JSON-serializable, without NaN, see :func:`census.atlas.tables.rounded`.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return f'ATLAS["{key}"] = {text};\n'


def read_data(path: Path) -> Any:
    """Return the data in a file of :func:`data_script`."""
    found = DATA.fullmatch(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} holds no data of the atlas")
    return json.loads(found[2])


def write_data(folder: Path, key: str, data: Any) -> None:
    """Write data to ``folder/key.js``, where the atlas reads it."""
    path = folder / f"{key}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data_script(key, data), encoding="utf-8")


def read_tsv(path: str | Path) -> list[dict[str, str]]:
    """Return the rows of a tab-separated file as dictionaries of strings."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def definitions(rows: list[dict[str, str]], table: str) -> dict[str, dict[str, str]]:
    """Return the definition of each column in a table of the census, by name.

    Parameters
    ----------
    rows : rows of the dictionary.
    table : ``units``, ``layers`` or ``directions``.
    """
    wanted = ("unit", "range", "definition", "source")
    return {
        row["name"]: {name: row[name] for name in wanted if row.get(name)}
        for row in rows
        if row["table"] == table
    }


def write_shell(files: Mapping[str, Path], data: Mapping[str, Any], version: str) -> None:
    """Write the page, its style, its script, and the data of all views.

    Parameters
    ----------
    files : paths of ``page``, ``style``, ``script`` and ``data``, all in one folder.
    data : content of ``data``, see :func:`data_script`, to which :data:`RULES` are added.
    version : version of the study's code, shown in the footer.
    """
    # imported here, because jobs that only write data do not need jinja2
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    page = environment.get_template("index.html").render(
        version=version, **{name: path.name for name, path in files.items()}
    )
    files["page"].parent.mkdir(parents=True, exist_ok=True)
    files["page"].write_text(page, encoding="utf-8")
    copyfile(STATIC / "style.css", files["style"])
    files["script"].write_text(
        "\n".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS), encoding="utf-8"
    )
    files["data"].write_text(data_script("shell", {**data, **RULES}), encoding="utf-8")
