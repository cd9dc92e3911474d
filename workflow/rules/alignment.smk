# Whether patterns prefer the basis of units, before and after rectifiers; units beside other directions.
ALIGNMENT = "results/measures/alignment/{network}/{dataset}/{layer}.layer.parquet"
ALIGNMENT_RESAMPLES = "results/measures/alignment/{network}/{dataset}/{layer}.resamples.parquet"
BASES = "results/measures/bases/{network}/{dataset}.parquet"


rule alignment:
    input:
        stores_of_layer,
    output:
        layer=ALIGNMENT,
        # of resamples of images, for what is measured across layers
        resamples=ALIGNMENT_RESAMPLES,
    log:
        "logs/alignment/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/alignment/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    # patterns at the positions of images with maps, and a rotation of up to units by units each
    resources:
        mem_mb=memory(3000),
        runtime=60,
    params:
        images=config["measures"]["alignment"]["images"],
        rotations=config["measures"]["alignment"]["rotations"],
        resamples=config["measures"]["alignment"]["resamples"],
        seed=config["seed"],
        code=code("alignment.py"),
    message:
        "Alignment of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/alignment.py"


# one job for these layers: scikit-learn takes longer to import than a layer to measure
rule bases:
    input:
        unit_layers_of_run(STORE.replace("{checkpoint}", "final")),
    output:
        BASES,
    log:
        "logs/bases/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/bases/{network}/{dataset}.tsv"
    conda:
        CONDA
    # a layer's patterns at the positions of all images with maps
    resources:
        mem_mb=memory(3000),
        runtime=60,
    params:
        directions=config["measures"]["alignment"]["directions"],
        rotations=config["measures"]["alignment"]["rotations"],
        resamples=config["measures"]["alignment"]["resamples"],
        seed=config["seed"],
        code=code("bases.py"),
    message:
        "Bases of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/bases.py"
