# Directions in a layer's space of neurons: singular vectors, neurons, random ones.
DIRECTIONS = "results/measures/directions/{network}/{dataset}/{block}.zarr"
DIRECTIONS_LAYER = "results/measures/directions/{network}/{dataset}/{block}.layer.parquet"
DIRECTIONS_SPECTRUM = "results/measures/directions/{network}/{dataset}/{block}.spectrum.parquet"
DIRECTIONS_TABLE = "results/measures/directions/{network}/{dataset}/{block}.directions.parquet"
DIRECTIONS_UNITS = "results/measures/directions/{network}/{dataset}/{block}.units.parquet"


rule directions:
    input:
        stores=plan.stores_of_block,
        gram=plan.gram_of_block(GRAM),
        logits=plan.of_run(lambda run: run.logits_of_correct),
    output:
        layer=DIRECTIONS_LAYER,
        spectrum=DIRECTIONS_SPECTRUM,
        directions=DIRECTIONS_TABLE,
        units=DIRECTIONS_UNITS,
        store=directory(DIRECTIONS),
    log:
        "logs/directions/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/directions/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 6 if run.has_gram else 0),
        runtime=runtime_of_block(plan),
    params:
        **measures.directions.model_dump(exclude={"images_shown", "gram_images", "loadings"}),
        loadings=plan.layers_with_loadings,
        seed=seed,
        code=code("directions.py"),
    message:
        "Directions of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/directions.py"
