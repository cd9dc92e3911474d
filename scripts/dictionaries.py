"""Fit families of directions to the channel vectors of layers, at the final checkpoint."""

from census.jobs import Script, job, one_by_one

snakemake: Script

with job(snakemake.log[0]) as log:
    import pyarrow.parquet as pq

    from census.families.layers import fit_layer
    from census.measures.dictionaries import Fits, Parameters
    from census.stores.matrices import new_store
    from census.stores.recording import Recording
    from census.tables.arrow import arrow, merged

    params = snakemake.params
    parameters = Parameters(**params.parameters)
    tables = []
    with new_store(snakemake.output.store) as store:
        for layer in one_by_one(map(Recording, snakemake.input.stores)):
            found = fit_layer(layer, parameters, params.seed)
            for family, reason in found.refused.items():
                log.warning("%s: %s: %s", layer, family, reason)
            store.write(found.arrays, found.attributes)
            tables.append(arrow(found.table))
    pq.write_table(merged(Fits, tables, {}), snakemake.output.fits)
