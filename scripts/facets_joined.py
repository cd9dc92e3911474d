"""Put facets of a layer's units together, of which each job found some."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from census.facet_store import FacetWriter, read_facets

    table = pa.concat_tables([pq.read_table(path) for path in snakemake.input.table])
    stores = list(map(read_facets, snakemake.input.store))
    attributes, (_, ranks, height, width, channels) = dict(stores[0].attrs), stores[0]["patches"].shape
    del attributes["ends"]  # of the first block alone
    ends = dict(zip(table["unit"].to_pylist(), table["end"].to_pylist(), strict=True))
    components = stores[0]["gray"].shape[1]
    writer = FacetWriter(
        Path(snakemake.output.store), attributes, ends, components, ranks, (height, width, channels)
    )
    for store in stores:
        writer.write_part(store)
    writer.finish()
    pq.write_table(table, snakemake.output.table)
    log.info("%d units in %d blocks", len(ends), len(stores))
