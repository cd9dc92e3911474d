# Directions in a layer's space of neurons: singular vectors, neurons, random ones.
from census.planning.names import layers_of_networks

DIRECTIONS = "results/measures/directions/{network}/{dataset}/{layer}.zarr"
DIRECTIONS_LAYER = "results/measures/directions/{network}/{dataset}/{layer}.layer.parquet"
DIRECTIONS_SPECTRUM = "results/measures/directions/{network}/{dataset}/{layer}.spectrum.parquet"
DIRECTIONS_TABLE = "results/measures/directions/{network}/{dataset}/{layer}.directions.parquet"
DIRECTIONS_UNITS = "results/measures/directions/{network}/{dataset}/{layer}.units.parquet"
DIRECTIONS_SETTINGS = config["measures"]["directions"]

try:
    LOADINGS = layers_of_networks(DIRECTIONS_SETTINGS["loadings"], LAYERS, RUNS)
    for index, run in enumerate(RUNS):
        if run["correct_only"] and "output" not in run["layers"]:
            raise StudyError(f"config: runs[{index}].correct_only: needs the layer 'output' among layers")
except StudyError as error:
    raise WorkflowError(str(error)) from None


rule directions:
    input:
        stores=stores_of_layer,
        gram=gram_of_layer,
        logits=logits_of_run,
    output:
        layer=DIRECTIONS_LAYER,
        spectrum=DIRECTIONS_SPECTRUM,
        directions=DIRECTIONS_TABLE,
        units=DIRECTIONS_UNITS,
        store=directory(DIRECTIONS),
    log:
        "logs/directions/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/directions/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(lambda run: 6 if has_gram(run) else 0),
        runtime=120,
    params:
        **{
            name: DIRECTIONS_SETTINGS[name]
            for name in DIRECTIONS_SETTINGS
            if name not in ("images_shown", "gram_images", "loadings")
        },
        loadings=lambda wildcards: layer_of(wildcards).name in LOADINGS.get(wildcards.network, []),
        seed=config["seed"],
        code=code("directions.py"),
    message:
        "Directions of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/directions.py"
