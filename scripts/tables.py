"""Merge the tables of all measures into tables of units, layers and directions; and write a dictionary."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    from collections import defaultdict

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    from census.measures import DECLARED
    from census.networks.fields import read_field
    from census.stores.reading import open_store
    from census.tables.dictionary import FIELD, columns_of, dictionary
    from census.tables.keys import CENSUS_KEYS, KEYS
    from census.tables.merging import beside, read_tables

    ORDER = ("network", "seed", "dataset", "step", "checkpoint", "depth", "unit")
    SAME = ("network", "checkpoint", "dataset", "layer", "unit")
    BLOCKS = ("measure", "network", "dataset", "layer", "block")

    def found(measure: str, table: str) -> pa.Table | None:
        """Return a measure's table for all layers; None if no run has it."""
        if measure == FIELD:
            return fields()
        paths = list(snakemake.input[f"{measure}_{table}"])
        return read_tables(paths, **snakemake.params.only.get(measure, {})) if paths else None

    def fields() -> pa.Table:
        """Return the longer side of each layer's receptive field, in pixels."""
        columns = defaultdict(list)
        for path in snakemake.input.stores:
            attributes = open_store(path).attrs
            field = read_field(attributes["receptive_field"])
            whole = snakemake.params.networks[attributes["network"]]["size"]
            for name in ("network", "dataset", "layer"):
                columns[name].append(attributes[name])
            columns["receptive_field"].append(max(field.size) if field else whole)
        return pa.table(columns)

    def census(table: str) -> pa.Table:
        """Return a census table: the keys of the first measure's rows, and columns of all measures."""
        columns = columns_of(table, **numbers)
        keys = [column.name for column in columns if column.name in (*KEYS, "unit")]
        types: dict[str, dict[str, pa.DataType]] = defaultdict(dict)
        for column in columns:
            if column.name not in (*CENSUS_KEYS, "unit"):
                types[column.measure][column.name] = column.dtype
        whole = read_tables(snakemake.input[f"{DECLARED[0]}_{table}"]).select(keys)
        for measure, dtypes in types.items():
            other = found(measure, table)
            # receptive fields have no checkpoint and no unit
            same = [name for name in SAME if name in (keys if other is None else other.column_names)]
            whole = beside(whole, other, same, dtypes)
        whole = with_seeds(whole)
        # a join does not preserve order
        whole = whole.sort_by([(name, "ascending") for name in ORDER if name in whole.column_names])
        return whole.select([column.name for column in columns])

    def directions() -> pa.Table:
        """Return the directions of all families, with the effects of those ablated; a study may have none."""
        columns = {column.name: column.dtype for column in columns_of("directions", **numbers)}
        paths = list(snakemake.input.families_directions)
        if not paths:
            return pa.schema(columns.items()).empty_table()
        whole, ablated = read_tables(paths), read_tables(snakemake.input.dictionaries_directions)
        effects = {name: columns[name] for name in ablated.column_names if name.startswith("ablation_")}
        same = [*SAME[:-1], "family", "direction"]
        whole = beside(whole, ablated, same, effects)
        whole = with_seeds(whole).select(list(columns)).cast(pa.schema(columns.items()))
        names = [name for name in (*ORDER, "family", "direction") if name in columns]
        return whole.sort_by([(name, "ascending") for name in names])

    def with_seeds(table: pa.Table) -> pa.Table:
        """Return a table with the network's key in the config and its seed in place of its name in paths."""
        networks = [snakemake.params.networks[name] for name in table["network"].to_pylist()]
        for column in ("network", "seed"):
            values = pa.array([network[column] for network in networks], CENSUS_KEYS[column])
            place = table.schema.get_field_index(column)
            table = (
                table.append_column(column, values) if place < 0 else table.set_column(place, column, values)
            )
        return table

    numbers = {"components": snakemake.params.components}
    units, layers = census("units"), census("layers")
    log.info("%d units, %d layers", len(units), len(layers))
    written = {"units": units, "layers": layers, "directions": directions()}
    for name, table in written.items():
        # without statistics, because they ignore NaN and DuckDB would infer from them that there is none
        pq.write_table(table, snakemake.output[name], write_statistics=False)
    blocks = zip(*snakemake.params.blocks, strict=True)
    for table, path in (
        (dictionary(**numbers), snakemake.output.dictionary),
        (pa.table(dict(zip(BLOCKS, map(pa.array, blocks), strict=True))), snakemake.output.blocks),
    ):
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(delimiter="\t"))
