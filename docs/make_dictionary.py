"""Write docs/reference/columns.md, the columns of all tables, from their declarations.

Called by ``make docs``; a test compares the page with the output of this script.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from census.measures import DECLARED, declaration, declared
from census.measures.declaration import Measure, Table
from census.planning.rules import paths_of
from census.tables import dictionary
from census.tables.dictionary import DEFAULTS, TABLES, columns_of
from census.tables.keys import Keys

PAGE = Path(__file__).parent / "reference" / "columns.md"

HEAD = """\
# Columns

<!-- Made from the declarations in scripts/census/measures by `make docs`: edit these, not this page. -->

The census has three tables, which pandas, polars and DuckDB open: `results/census/units.parquet` with a row
per network, checkpoint, data set, layer and unit; `results/census/layers.parquet` with a row per layer; and
`results/census/directions.parquet` with a row per channel direction of each
[family](../explanation/families.md).
`results/census/dictionary.tsv` holds the same definitions.

- A value that was **not measured** is null, such as the ablation effect of a unit outside the sample.
- An **undefined** value is NaN, such as the class selectivity of an inactive unit. pandas shows both as NaN,
  unless you ask for Arrow types: `pandas.read_parquet(path, dtype_backend="pyarrow")`.
- Columns that end in `_low` and `_high` are the ends of 95 % bootstrap intervals, unless their definition
  says otherwise.
- A source is a paper, named by author and year, or `ours`. The pages of the
  [explanation](../explanation/index.md) have formulas, edge cases and references.
"""

OWN = """\
## Tables of the measures

Each measure writes tables of its own, in which rows about a layer begin with the key columns of the census:
{keys}. Open a table with
[`study.table`](../howto/notebook.md#a-finished-study).
"""


def page() -> str:
    """Return the page: the tables of the census, then those of each measure."""
    parts = [HEAD]
    for table in TABLES:
        parts.append(f"## `{table}.parquet`\n")
        parts += _markdown(
            ("column", "type", "unit", "range", "definition", "source"),
            (
                (name(each), each.type, each.unit, each.range, each.definition, each.source)
                for each in columns_of(table)
                if not each.is_end
            ),
        )
    parts.append(OWN.format(keys=", ".join(f"`{each.name}`" for each in Keys.columns())))
    for measure in DECLARED:
        parts += _tables(declared(measure))
    return "\n".join(parts).rstrip() + "\n"


def _tables(measure: Measure) -> Iterator[str]:
    """Yield a section for each table of a measure."""
    paths = paths_of(measure)
    for key, table in measure.tables.items():
        yield f"### `{measure.name}{'.' if key else ''}{key}`\n"
        yield f"`{paths[key or 'table']}`, a row per {table.per}.\n"
        own = [each for each in table.columns() if not _in_census(measure, table, each.source)]
        shared = [each for each in table.columns() if each not in own]
        if shared:
            yield f"Columns of the census: {', '.join(map(name, shared))}.\n"
        if own:
            yield from _markdown(
                ("column", "type", "unit", "definition"),
                ((name(each), each.type, each.unit, each.definition.format(**DEFAULTS)) for each in own),
            )


def _in_census(measure: Measure, table: type[Table], source: str | None) -> bool:
    return measure.in_census and f"{table.per}s" in TABLES and source is not None


def name(column: declaration.Column | dictionary.Column) -> str:
    """Return a column's name, and the endings of the ends of its interval."""
    return f"`{column.name.format(**DEFAULTS)}`" + (", `_low`, `_high`" if column.has_interval else "")


def _markdown(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = [header, ("---",) * len(header), *rows]
    yield "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
