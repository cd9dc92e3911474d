# Facets of single units: independent components of the patches to which they answer most, and their figures. Where
# there are many units of a layer, they are found in parts.
from census.planning.names import units_of_layers

FACETS = "results/measures/facets/{network}/{dataset}/{layer}.zarr"
FACETS_TABLE = "results/measures/facets/{network}/{dataset}/{layer}.parquet"
if config["measures"]["facets"]["units_per_end"] == 0:
    FACETS_FIGURES = []  # there is no unit to show

try:
    UNITS = units_of_layers(config["measures"]["facets"]["units"], LAYERS, RUNS)
except StudyError as error:
    raise WorkflowError(str(error)) from None


FACETS_LAYERS = units_with_facets(UNITS)
# all that decides the facets, beside images and concepts
FACETS_SETTINGS = {
    **config["measures"]["facets"],
    "size": size_of_input,
    "resize": resize_of_input,
    "interpolation": interpolation_of_input,
    "units": units_named,
    "seed": config["seed"],
    "code": code("facets.py"),
}


rule facets:
    input:
        concepts=CONCEPTS,
        units=CONCEPTS_UNITS,
        images=images_of_run,
    output:
        store=directory(FACETS),
        table=FACETS_TABLE,
    log:
        "logs/facets/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/facets/{network}/{dataset}/{layer}.tsv"
    wildcard_constraints:
        network=undivided(FACETS_LAYERS, "[.](?:zarr|parquet)"),
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=120,
    params:
        **FACETS_SETTINGS,
    message:
        "Facets of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/facets.py"


for part in parts(FACETS_LAYERS):

    rule:
        name:
            f"facets_{part.name}"
        input:
            concepts=CONCEPTS,
            units=CONCEPTS_UNITS,
            images=images_of_run,
        output:
            store=temp(directory(block_files("facets", part.blocks, ".zarr"))),
            table=temp(block_files("facets", part.blocks, ".parquet")),
        log:
            f"logs/facets/{{network}}/{{dataset}}/{{layer}}/{part.name}.log",
        benchmark:
            f"results/benchmarks/facets/{{network}}/{{dataset}}/{{layer}}/{part.name}.tsv"
        wildcard_constraints:
            network=part.networks,
        conda:
            CONDA
        resources:
            mem_mb=memory(1000),
            runtime=120,
        params:
            **FACETS_SETTINGS,
            blocks=True,
        message:
            f"Facets of {{wildcards.network}} {{wildcards.layer}} on {{wildcards.dataset}}, units {part.units}"
        script:
            "../../scripts/facets.py"


rule facets_joined:
    input:
        store=blocks_of_layer("facets", FACETS_LAYERS, ".zarr"),
        table=blocks_of_layer("facets", FACETS_LAYERS, ".parquet"),
    output:
        store=directory(FACETS),
        table=FACETS_TABLE,
    log:
        "logs/facets/{network}/{dataset}/{layer}.log",
    wildcard_constraints:
        network=divided(FACETS_LAYERS, "[.](?:zarr|parquet)"),
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        # the blocks are gone by then
        **FACETS_SETTINGS,
        joined=code("facets_joined.py"),
    message:
        "Put facets of {wildcards.network} {wildcards.layer} on {wildcards.dataset} together"
    script:
        "../../scripts/facets_joined.py"
