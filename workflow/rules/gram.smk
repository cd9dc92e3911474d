# Inner products and correlations of a layer's patterns, from which all that compares images follows.
GRAM = "results/measures/gram/{network}/{dataset}/{layer}.zarr"
GRAM_PART = "results/parts/gram/{network}/{dataset}/{layer}/{part}.zarr"


rule gram_part:
    input:
        stores_of_layer,
    output:
        temp(directory(GRAM_PART)),
    log:
        "logs/gram_part/{network}/{dataset}/{layer}/{part}.log",
    benchmark:
        "results/benchmarks/gram_part/{network}/{dataset}/{layer}/{part}.tsv"
    wildcard_constraints:
        part="[0-9]+",
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(lambda run: 3),
        runtime=120,
    params:
        parts=number_of_gram_parts,
        code=code("gram_part.py"),
    message:
        "Gram matrices of {wildcards.network} {wildcards.layer} on {wildcards.dataset}, part {wildcards.part}"
    script:
        "../../scripts/gram_part.py"


rule gram:
    input:
        stores=stores_of_layer,
        parts=parts_of_gram,
    output:
        directory(GRAM),
    log:
        "logs/gram/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/gram/{network}/{dataset}/{layer}.tsv"
    group:
        "measures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(lambda run: 3 + 2 * len(checkpoints(run))),
        runtime=120,
    params:
        code=code("gram.py"),
    message:
        "Gram matrices of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/gram.py"
