"""The files of the atlas: its page, and scripts that hold data, for a page on disk can load nothing else."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
# in the order in which they run: each uses those before it
SCRIPTS = (
    "data.js",
    "dom.js",
    "query.js",
    "images.js",
    "plots.js",
    "table.js",
    "pages.js",
    "unit.js",
    "main.js",
)
STYLES = ("style.css",)
DATA = re.compile(r'ATLAS\["([^"]+)"\] = (.*);\n', re.DOTALL)
# what could end a script or a line of one where it stands in a text
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def data_script(key: str, data: Any) -> str:
    """Return a script that hands data to the atlas, whatever texts are in there.

    Parameters
    ----------
    key : by which the atlas asks for it; ASCII letters, digits and ``/_.~-``.
    data : what JSON can hold; no NaN, see :func:`census.atlas.tables.rounded`.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return f'ATLAS["{key}"] = {text};\n'


def read_data(path: Path) -> Any:
    """Return what :func:`data_script` put into a file."""
    found = DATA.fullmatch(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} holds no data of the atlas")
    return json.loads(found[2])


def write_data(folder: Path, key: str, data: Any) -> None:
    """Write data where the atlas looks for it: ``folder/key.js``."""
    path = folder / f"{key}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data_script(key, data), encoding="utf-8")


def read_tsv(path: str | Path) -> list[dict[str, str]]:
    """Return the rows of a table of texts with tabs between them, by the names in its first line."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def definitions(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return from a dictionary of columns what each column of the table of units means, by its name."""
    wanted = ("unit", "range", "definition", "source")
    return {
        row["name"]: {name: row[name] for name in wanted if row.get(name)}
        for row in rows
        if row.get("table", "units").removesuffix(".parquet") == "units"
    }


def write_shell(files: Mapping[str, Path], data: Mapping[str, Any], version: str) -> None:
    """Write the page itself, its style, its script, and the data that every view needs.

    Parameters
    ----------
    files : paths of ``page``, ``style``, ``script`` and ``data``, all in one folder.
    data : what ``data`` holds, see :func:`data_script`.
    version : of the study's code, named at the foot of the page.
    """
    # jobs that write data alone do without
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
    files["style"].write_text("".join((STATIC / name).read_text(encoding="utf-8") for name in STYLES))
    files["script"].write_text(
        "\n".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS), encoding="utf-8"
    )
    files["data"].write_text(data_script("shell", data), encoding="utf-8")
