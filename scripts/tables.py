"""Bring together what all measures found of units and of layers, with a dictionary of the columns."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    from collections import defaultdict

    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv
    import pyarrow.parquet as pq

    from census.networks.fields import read_field
    from census.stores.reading import open_store
    from census.tables.dictionary import FIELD, columns_of, dictionary
    from census.tables.joining import beside, read_tables
    from census.tables.keys import KEYS

    PLACE = ["network", "checkpoint", "dataset", "layer"]
    SAME = {"units": [*PLACE, "unit"], "layers": PLACE}
    ORDER = ("network", "dataset", "step", "checkpoint", "depth", "unit")
    BLOCKS = ("measure", "network", "dataset", "layer", "block")

    def found(measure, table):
        """Return a measure's table for all layers; None where no run has it."""
        paths = list(snakemake.input[f"{measure}_{table}"])
        whole = read_tables(paths) if paths else None
        if measure == "ablation" and whole is not None:
            whole = whole.filter(pc.equal(whole["mode"], snakemake.params.mode))
        return whole

    def fields():
        """Return the receptive fields of the layers: the longer side, in pixels."""
        columns = defaultdict(list)
        for path in snakemake.input.stores:
            attributes = open_store(path).attrs
            field = read_field(attributes["receptive_field"])
            whole = snakemake.params.sizes[attributes["network"]]
            for name in ("network", "dataset", "layer"):
                columns[name].append(attributes[name])
            columns["receptive_field"].append(max(field.size) if field else whole)
        return pa.table(columns)

    def census(table):
        """Return a table of the census: the keys of the first measure's rows, and columns of all measures."""
        columns = columns_of(table, **numbers)
        keys = [column.name for column in columns if column.name in (*KEYS, "unit")]
        types = defaultdict(dict)
        for column in columns:
            if column.name not in keys:
                types[column.measure][column.name] = column.dtype
        tables = {measure: found(measure, table) for measure in types if measure != FIELD}
        all_of = next(iter(tables.values())).select(keys)
        for measure, dtypes in types.items():
            if measure == FIELD:
                all_of = beside(all_of, fields(), ["network", "dataset", "layer"], dtypes)
            else:
                all_of = beside(all_of, tables[measure], SAME[table], dtypes)
        # a join keeps no order
        all_of = all_of.sort_by([(name, "ascending") for name in ORDER if name in keys])
        return all_of.select([column.name for column in columns])

    numbers = {"components": snakemake.params.components}
    units, layers = census("units"), census("layers")
    log.info("%d units, %d layers", len(units), len(layers))
    for table, path in ((units, snakemake.output.units), (layers, snakemake.output.layers)):
        # statistics leave NaN out, and DuckDB concludes from them that there is none
        pq.write_table(table, path, write_statistics=False)
    blocks = zip(*snakemake.params.blocks, strict=True)
    for table, path in (
        (dictionary(**numbers), snakemake.output.dictionary),
        (pa.table(dict(zip(BLOCKS, map(pa.array, blocks), strict=True))), snakemake.output.blocks),
    ):
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(delimiter="\t"))
