"""Bring measures of the same units together, and find out which of them go with importance."""

from census.jobs import job

with job(snakemake.log[0]) as log:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from census.measures.relations import relation
    from census.tables.keys import KEYS, table_of

    SUBSTITUTIONS = ("rs_iam", "rs_am", "rs_natural")
    IMPORTANCE = "ablation_loss"
    # what is held against what, and which measure is held fixed meanwhile
    RELATIONS = [
        *((name, "selectivity", None) for name in SUBSTITUTIONS),
        *((name, IMPORTANCE, None) for name in ("selectivity", *SUBSTITUTIONS, "mean_activation")),
        *((name, IMPORTANCE, "mean_activation") for name in ("selectivity", *SUBSTITUTIONS)),
    ]
    # what is taken of the tables of other measures
    OTHERS = (
        ("selectivity", ["selectivity"]),
        ("sparsity", ["mean_activation"]),
        ("ablation", [IMPORTANCE, f"{IMPORTANCE}_low", f"{IMPORTANCE}_high"]),
    )

    same_unit = ["checkpoint", "layer", "unit"]
    units = pa.concat_tables(map(pq.read_table, snakemake.input.substitution))
    units = units.select([*KEYS, "unit", *SUBSTITUTIONS, "rs_iam_failed", "rs_am_failed"])
    for measure, columns in OTHERS:
        other = pa.concat_tables(map(pq.read_table, snakemake.input[measure]))
        if measure == "ablation":
            other = other.filter(pc.equal(other["mode"], snakemake.params.mode))
        units = units.join(other.select([*same_unit, *columns]), same_unit, join_type="left outer")
    # a join keeps no order
    units = units.sort_by(
        [("step", "ascending"), ("checkpoint", "ascending"), ("depth", "ascending"), ("unit", "ascending")]
    )
    pq.write_table(units, snakemake.output.units)

    rows = []
    places = units.select(list(KEYS)).group_by(list(KEYS), use_threads=False).aggregate([]).to_pylist()
    for place in places:
        here = units.filter(
            pc.and_(
                pc.equal(units["layer"], place["layer"]), pc.equal(units["checkpoint"], place["checkpoint"])
            )
        )
        values = {name: here[name].to_numpy().astype(float) for name in here.column_names[len(KEYS) + 1 :]}
        for first, second, held in RELATIONS:
            found = relation(
                values[first],
                values[second],
                snakemake.params.resamples,
                snakemake.params.seed,
                None if held is None else values[held],
            )
            rows.append(
                {
                    **{name: place[name] for name in KEYS},
                    "first": first,
                    "second": second,
                    "held": held,
                    "rho": found.rho,
                    "rho_low": found.low,
                    "rho_high": found.high,
                    "n": found.n,
                    "resamples": snakemake.params.resamples,
                }
            )
    undefined = sum(row["rho"] != row["rho"] for row in rows)
    log.info("%d relations in %d layers, %d undefined", len(rows), len(places), undefined)
    pq.write_table(table_of(rows), snakemake.output.relations)
