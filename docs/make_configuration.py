"""Write docs/reference/configuration.md, the reference of the config, from the config's models.

Called by ``make docs``; a test compares the page with the output of this script.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from census.planning.config import Config

PAGE = Path(__file__).parent / "reference" / "configuration.md"
WIDTH = 115

HEAD = """\
# Configuration

<!-- Made from census.planning.config and the measures by `make docs`: edit these instead. -->

A study is one YAML file. [config.yaml](../../config.yaml) is the default one. With `--configfile`, another
file overrides it: mappings are merged key by key, lists (such as `runs`) replace the default's. Every key is
checked before the first job starts. A message names the key at fault and, for a misspelt name, the nearest
valid one.

Names of data sets and networks consist of lower-case letters, digits, `_` and `-`. Paths are relative to the
folder in which Snakemake is called.
"""

# the name, or the number, of an entry in the paths of keys
ENTRY = {"datasets": "datasets.NAME", "networks": "networks.NAME", "runs": "runs[]"}


def reference(schema: Mapping[str, Any]) -> str:
    """Return the page for the JSON schema of the config, a section per mapping and an item per key."""
    return "\n".join([HEAD, *_sections(schema, "", schema["$defs"])])


def _sections(part: Mapping[str, Any], path: str, definitions: Mapping[str, Any]) -> Iterator[str]:
    """Yield a mapping's section, then those of the mappings within."""
    yield f"## `{path}`\n" if path else "## Top level\n"
    if path and "description" in part:
        yield _wrap(part["description"]) + "\n"
    inner = []
    for key, found in part["properties"].items():
        entry = _mapping(found, definitions)
        yield _item(key, found, entry, key in part.get("required", []))
        if entry is not None:
            inner.append((f"{path}.{ENTRY.get(key, key)}".lstrip("."), entry))
    yield ""
    for inner_path, found in inner:
        yield from _sections(found, inner_path, definitions)


def _mapping(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the mapping that a key holds, or of the entries that it holds."""
    forms = [part, *part.get("anyOf", []), part.get("items", {}), *part.get("patternProperties", {}).values()]
    for form in forms:
        if "$ref" in form:
            return definitions[form["$ref"].rpartition("/")[2]]
    return None


def _item(key: str, part: Mapping[str, Any], entry: Mapping[str, Any] | None, required: bool) -> str:
    """Return a key's item: name, type, default, then what it means."""
    facts = [_type(part)]
    if required:
        facts.append("required")
    elif "default" in part and (entry is None or part["default"] is None):
        facts.append(f"default `{json.dumps(part['default'])}`".replace('"', ""))
    first = f"- **`{key}`** ({'; '.join(facts)})"
    text = part.get("description") or (entry or {}).get("description", "")
    return _wrap(f"{first}: {text}" if text else first, indent="  ")


def _type(part: Mapping[str, Any]) -> str:
    """Return a type and its range in words."""
    if "anyOf" in part:
        forms = [_type(each) for each in part["anyOf"]]
        return " or ".join(forms[:-1]) + ", or null" if forms[-1] == "null" else " or ".join(forms)
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return "one of " + ", ".join(f"`{each}`" for each in part["enum"])
    kind = "object" if "$ref" in part else part["type"]
    if kind == "array":
        kind = "list" + (f" of {_plural(part['items'])}" if "$ref" not in part["items"] else "")
        low, high = part.get("minItems"), part.get("maxItems")
        if low is not None and low == high:
            kind = kind.replace("list of", f"list of {low}")
    bounds = [
        f"{words} {part[bound]:g}"
        for bound, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "less than"),
        )
        if bound in part
    ]
    return ", ".join(["mapping" if kind == "object" else kind, *bounds])


def _plural(part: Mapping[str, Any]) -> str:
    """Return the type of a list's items in words."""
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    words, _, bounds = _type(part).partition(", ")
    return f"{words}s" + (f" ({bounds})" if bounds else "")


def _wrap(text: str, indent: str = "") -> str:
    """Return a paragraph in lines; code within it is not broken."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), " ".join(text.split()))
    lines = textwrap.fill(
        whole, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return lines.replace("\0", " ")


if __name__ == "__main__":
    page = reference(Config.model_json_schema())
    PAGE.write_text(page.rstrip() + "\n", encoding="utf-8")
