# The census: what all measures found, a row per unit and a row per layer, and the dictionary of the columns.
CENSUS_UNITS = "results/census/units.parquet"
CENSUS_LAYERS = "results/census/layers.parquet"
CENSUS_DICTIONARY = "results/census/dictionary.tsv"
CENSUS = [CENSUS_UNITS, CENSUS_LAYERS, CENSUS_DICTIONARY]


rule tables:
    input:
        stores=of_layers(STORE.replace("{checkpoint}", "final")),
        sparsity_units=of_layers(SPARSITY_UNITS),
        sparsity_layers=of_layers(SPARSITY_LAYER),
        correlation_layers=of_runs(CORRELATION_LAYERS, RUNS),
        similarity_pairs=of_runs(SIMILARITY_PAIRS, RUNS),
        similarity_steps=of_runs(SIMILARITY_STEPS, RUNS),
        facetedness_units=of_runs(FACETEDNESS_UNITS, RUNS),
        facetedness_layers=of_runs(FACETEDNESS_LAYERS, RUNS),
        selectivity_units=of_layers(SELECTIVITY_UNITS),
        selectivity_layers=of_layers(SELECTIVITY_LAYER),
        alignment_layers=of_layers(ALIGNMENT),
        directions_units=of_layers(DIRECTIONS_UNITS),
        directions_layers=of_layers(DIRECTIONS_LAYER),
        clusters_units=of_layers(CLUSTERS_UNITS, "unit_layers"),
        clusters_layers=of_layers(CLUSTERS_LAYER, "unit_layers"),
        substitution_units=of_layers(SUBSTITUTION_UNITS, "unit_layers"),
        substitution_layers=of_layers(SUBSTITUTION_LAYER, "unit_layers"),
        ablation_units=of_layers(ABLATION_UNITS, "unit_layers"),
        ablation_layers=of_layers(ABLATION_LAYER, "unit_layers"),
        relations=of_runs(IMPORTANCE_RELATIONS, UNIT_RUNS),
    output:
        units=CENSUS_UNITS,
        layers=CENSUS_LAYERS,
        dictionary=CENSUS_DICTIONARY,
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
        sizes={name: entry["input"]["size"] for name, entry in config["networks"].items()},
        mode=config["measures"]["ablation"]["modes"][0],
        components=config["measures"]["directions"]["components"],
        code=code("tables.py"),
    message:
        "The census of units and layers"
    script:
        "../../scripts/tables.py"
