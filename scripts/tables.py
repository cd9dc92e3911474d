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
    from census.tables.dictionary import columns_of, dictionary
    from census.tables.joining import beside, read_tables
    from census.tables.keys import KEYS

    SAME_LAYER = ["network", "checkpoint", "dataset", "layer"]
    SAME_UNIT = [*SAME_LAYER, "unit"]
    BLOCKS = ("measure", "network", "dataset", "layer", "block")

    def found(name):
        """Return the table of a measure for all layers; None where no run has it."""
        paths = list(snakemake.input[name])
        return read_tables(paths) if paths else None

    def rows(table, **values):
        """Return the rows in which columns have certain values; None stands for null."""
        for name, value in values.items():
            column = table[name]
            table = table.filter(pc.is_null(column) if value is None else pc.equal(column, value))
        return table

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

    def census(table, measures):
        """Return a table of the census: the keys of the first measure's rows, and columns of all measures.

        Parameters
        ----------
        measures : for each, its table, or None, and the columns by which rows are told to be about the same.
        """
        columns = columns_of(table, **numbers)
        keys = [column.name for column in columns if column.name in (*KEYS, "unit")]
        first, _ = next(iter(measures.values()))
        all_of = first.select(keys)
        for measure, (other, same) in measures.items():
            types = {column.name: column.dtype for column in columns if column.measure == measure}
            all_of = beside(all_of, other, same, types)
        # a join keeps no order
        order = ["network", "dataset", "step", "checkpoint", "depth", "unit"]
        all_of = all_of.sort_by([(name, "ascending") for name in order if name in all_of.column_names])
        return all_of.select([column.name for column in columns])

    numbers = {"components": snakemake.params.components}
    ablation = {part: found(f"ablation_{part}") for part in ("units", "layers")}
    for part, table in ablation.items():
        ablation[part] = None if table is None else rows(table, mode=snakemake.params.mode)
    units = census(
        "units",
        {
            "sparsity": (found("sparsity_units"), SAME_UNIT),
            "field": (fields(), ["network", "dataset", "layer"]),
            "directions": (found("directions_units"), SAME_UNIT),
            "facetedness": (found("facetedness_units"), SAME_UNIT),
            "selectivity": (found("selectivity_units"), SAME_UNIT),
            "clusters": (found("clusters_units"), SAME_UNIT),
            "substitution": (found("substitution_units"), SAME_UNIT),
            "ablation": (ablation["units"], SAME_UNIT),
        },
    )

    layers = census(
        "layers",
        {
            "sparsity": (found("sparsity_layers"), SAME_LAYER),
            "correlation": (found("correlation_layers"), SAME_LAYER),
            "similarity": (found("similarity_layers"), SAME_LAYER),
            "facetedness": (found("facetedness_layers"), SAME_LAYER),
            "selectivity": (found("selectivity_layers"), SAME_LAYER),
            "alignment": (found("alignment_layers"), SAME_LAYER),
            "directions": (found("directions_layers"), SAME_LAYER),
            "clusters": (found("clusters_layers"), SAME_LAYER),
            "substitution": (found("substitution_layers"), SAME_LAYER),
            "importance": (found("importance_layers"), SAME_LAYER),
            "ablation": (ablation["layers"], SAME_LAYER),
        },
    )

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
