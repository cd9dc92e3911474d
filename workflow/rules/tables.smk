# The census: the results of all measures, one row per unit, per layer and per direction of a family; the
# dictionary of its columns; and the block of each layer in the files of each measure.
from census.planning.rules import blocks_of_layers, census_columns, census_tables

CENSUS_UNITS = "results/census/units.parquet"
CENSUS_LAYERS = "results/census/layers.parquet"
CENSUS_DIRECTIONS = "results/census/directions.parquet"
CENSUS_DICTIONARY = "results/census/dictionary.tsv"
CENSUS_BLOCKS = "results/census/blocks.tsv"
CENSUS = [CENSUS_UNITS, CENSUS_LAYERS, CENSUS_DIRECTIONS, CENSUS_DICTIONARY, CENSUS_BLOCKS]


rule tables:
    input:
        **census_tables(plan),
        stores=[store for run in plan.runs for store in run.final_stores],
    output:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
        directions=CENSUS_DIRECTIONS,
        dictionary=CENSUS_DICTIONARY,
        blocks=CENSUS_BLOCKS,
    log:
        "logs/tables.log",
    benchmark:
        "results/benchmarks/tables.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=30,
    params:
        # sorted, because the order in the config has no effect
        networks={
            run.network: {**run.replica.key, "size": run.entry.input.size}
            for run in sorted(plan.runs, key=lambda run: run.network)
        },
        only={"ablation": {"mode": measures.ablation.modes[0]}},
        components=measures.directions.components,
        # digests of code leave out the words about a column, and so whether the census has it
        columns=census_columns(plan),
        blocks=sorted(blocks_of_layers(plan)),
        code=code("tables.py"),
    message:
        "The census of units, layers and directions"
    script:
        "../../scripts/tables.py"
