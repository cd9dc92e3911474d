"""Write docs/configuration.md, the reference of the config, from the config's schema.

Called by ``make docs``; a test holds the page against what comes out here.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

SCHEMA = Path(__file__).parents[1] / "workflow/schemas/config.schema.yaml"
WIDTH = 115

HEAD = """\
# Configuration

<!-- Made from workflow/schemas/config.schema.yaml by `make docs`: edit the schema, not this page. -->

A study is one YAML file. [config.yaml](../config.yaml) is the default one; `--configfile` lays another over
it: mappings are merged key by key, lists (such as `runs`) replace the default's. Every key is checked before
the first job starts, and a message names the key at fault and, for a misspelt name, the nearest valid one.

Names of data sets and networks consist of lower-case letters, digits, `_` and `-`. Paths are relative to the
folder in which Snakemake is called.
"""

# what stands for the name, or the number, of an entry in the paths of keys
ENTRY = {"datasets": "datasets.NAME", "networks": "networks.NAME", "runs": "runs[]"}


def reference(schema: Mapping[str, Any]) -> str:
    """Return the page for a schema, a section per mapping and an item per key."""
    return "\n".join([HEAD, *_sections(schema, "", schema["$defs"])])


def _sections(part: Mapping[str, Any], path: str, definitions: Mapping[str, Any]) -> Iterator[str]:
    """Yield a mapping's section, then those of the mappings within."""
    required = part.get("required", [])
    if path:
        yield f"## `{path}`\n"
        if "description" in part:
            yield _wrap(part["description"]) + "\n"
    else:
        yield "## Top level\n"
    inner = []
    for key, found in part["properties"].items():
        entry = _entry(found)
        yield _item(key, found, key in required)
        if entry is not None:
            inner.append((f"{path}.{ENTRY.get(key, key)}".lstrip("."), _resolve(entry, definitions)))
        elif "properties" in found:
            inner.append((f"{path}.{key}".lstrip("."), found))
    yield ""
    for inner_path, found in inner:
        yield from _sections(found, inner_path, definitions)


def _entry(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the entries that a key holds, where they are mappings of their own."""
    for place in ("additionalProperties", "items"):
        entry = part.get(place)
        if isinstance(entry, Mapping) and "$ref" in entry:
            return entry
    return None


def _resolve(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    return definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _item(key: str, part: Mapping[str, Any], required: bool) -> str:
    """Return a key's item: name, type, default, then what it means."""
    facts = [_type(part)]
    if required:
        facts.append("required")
    elif "default" in part and "properties" not in part:
        facts.append(f"default `{json.dumps(part['default'])}`".replace('"', ""))
    first = f"- **`{key}`** ({'; '.join(facts)})"
    text = part.get("description", "")
    return _wrap(f"{first}: {text}" if text else first, indent="  ")


def _type(part: Mapping[str, Any]) -> str:
    """Return a type and its range in words."""
    if "enum" in part:
        return ("one of " if len(part["enum"]) > 1 else "") + ", ".join(f"`{each}`" for each in part["enum"])
    if "oneOf" in part:
        return " or ".join(_type(each) for each in part["oneOf"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    kind = kinds[0]
    if kind == "array":
        words = "list" + (f" of {_plural(part['items'])}" if "$ref" not in part["items"] else "")
        low, high = part.get("minItems"), part.get("maxItems")
        if low is not None and low == high:
            words = words.replace("list of", f"list of {low}")
    elif kind == "object":
        words = "mapping"
    else:
        words = kind
    bounds = []
    if "minimum" in part:
        bounds.append(f"at least {part['minimum']}")
    if "exclusiveMinimum" in part:
        bounds.append(f"more than {part['exclusiveMinimum']}")
    if "maximum" in part:
        bounds.append(f"at most {part['maximum']}")
    words = ", ".join([words, *bounds])
    return f"{words}, or null" if "null" in kinds else words


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
    page = reference(yaml.safe_load(SCHEMA.read_text()))
    Path(__file__).with_name("configuration.md").write_text(page.rstrip() + "\n", encoding="utf-8")
