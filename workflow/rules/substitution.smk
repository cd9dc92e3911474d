# Substitutability of units: which others respond more to what activates a unit.
SUBSTITUTION_UNITS = "results/measures/substitution/{network}/{dataset}/{block}.units.parquet"
SUBSTITUTION_LAYER = "results/measures/substitution/{network}/{dataset}/{block}.layer.parquet"


rule substitution:
    input:
        stores=plan.unit_stores_of_block,
        ascent=ASCENT,
    output:
        units=SUBSTITUTION_UNITS,
        layer=SUBSTITUTION_LAYER,
    log:
        "logs/substitution/{network}/{dataset}/{block}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("substitution.py"),
    message:
        "Substitution of units of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/substitution.py"
