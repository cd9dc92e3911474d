# How replaceable units are: which others answer more to what drives them.
SUBSTITUTION_UNITS = "results/measures/substitution/{network}/{dataset}/{layer}.units.parquet"
SUBSTITUTION_LAYER = "results/measures/substitution/{network}/{dataset}/{layer}.layer.parquet"


rule substitution:
    input:
        stores=stores_of_units,
        ascent=ASCENT,
    output:
        units=SUBSTITUTION_UNITS,
        layer=SUBSTITUTION_LAYER,
    log:
        "logs/substitution/{network}/{dataset}/{layer}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("substitution.py"),
    message:
        "Substitution of units of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/substitution.py"
