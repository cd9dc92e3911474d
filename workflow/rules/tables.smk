# The census: the results of all measures, a row per unit and a row per layer; the dictionary of its columns; and in which
# block the files of a measure have a layer.
from census.planning.rules import files_of_study

CENSUS_UNITS = "results/census/units.parquet"
CENSUS_LAYERS = "results/census/layers.parquet"
CENSUS_DICTIONARY = "results/census/dictionary.tsv"
CENSUS_BLOCKS = "results/census/blocks.tsv"
CENSUS = [CENSUS_UNITS, CENSUS_LAYERS, CENSUS_DICTIONARY, CENSUS_BLOCKS]


rule tables:
    input:
        stores=[store for run in plan.runs for store in run.final_stores],
        sparsity_units=files_of_study(plan, "sparsity.units"),
        sparsity_layers=files_of_study(plan, "sparsity.layer"),
        correlation_layers=files_of_study(plan, "correlation.layers"),
        similarity_layers=files_of_study(plan, "similarity.layer"),
        facetedness_units=files_of_study(plan, "facetedness.units"),
        facetedness_layers=files_of_study(plan, "facetedness.layers"),
        selectivity_units=files_of_study(plan, "selectivity.units"),
        selectivity_layers=files_of_study(plan, "selectivity.layer"),
        alignment_layers=files_of_study(plan, "alignment.layer"),
        directions_units=files_of_study(plan, "directions.units"),
        directions_layers=files_of_study(plan, "directions.layer"),
        clusters_units=files_of_study(plan, "clusters.units"),
        clusters_layers=files_of_study(plan, "clusters.layer"),
        substitution_units=files_of_study(plan, "substitution.units"),
        substitution_layers=files_of_study(plan, "substitution.layer"),
        ablation_units=plan.of_blocks(ABLATION_UNITS, "units"),
        ablation_layers=plan.of_blocks(ABLATION_LAYER, "units"),
        importance_layers=files_of_study(plan, "importance.layer"),
    output:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
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
        sizes={name: entry.input.size for name, entry in plan.config.networks.items()},
        mode=measures.ablation.modes[0],
        components=measures.directions.components,
        blocks=plan.index(),
        code=code("tables.py"),
    message:
        "The census of units and layers"
    script:
        "../../scripts/tables.py"
