"""Write docs/dictionary.md, what the columns of the census mean, from their declaration.

Called by ``make docs``; a test holds the page against what comes out here.
"""

from pathlib import Path

from census.tables.dictionary import TABLES, columns_of

PAGE = Path(__file__).with_name("dictionary.md")

HEAD = """\
# Data dictionary

<!-- Made from the declarations in scripts/census/measures by `make docs`: edit these, not this page. -->

The census is two tables, which pandas, polars and DuckDB open: `results/census/units.parquet` with a row per
network, checkpoint, data set, layer and unit, and `results/census/layers.parquet` with a row per layer. The
same dictionary stands beside them, as `results/census/dictionary.tsv`.

- What was **not measured** is null: substitution of a unit that is not in the sample, for instance.
- What is **undefined** is NaN: class selectivity of a silent unit. pandas shows both as NaN, unless it is
  asked for Arrow's types: `pandas.read_parquet(path, dtype_backend="pyarrow")`.
- Columns that end in `_low` and `_high` are the ends of 95 % bootstrap intervals, unless they say otherwise.
- A source is one of the [studies](../README.md#the-studies), a paper, or ours. Formulas, edge cases and
  references are in [measures.md](measures.md).
"""


def page() -> str:
    """Return the page: a section per table, and in it a table of the columns."""
    parts = [HEAD]
    for table in TABLES:
        parts.append(f"## `{table}.parquet`\n")
        parts.append("| column | type | unit | range | definition | source |\n|---|---|---|---|---|---|")
        for column in columns_of(table):
            name = f"`{column.name}`" + (", `_low`, `_high`" if column.has_interval else "")
            if not column.is_end:
                parts.append(
                    f"| {name} | {column.type} | {column.unit} | {column.range} "
                    f"| {column.definition} | {column.source} |"
                )
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
