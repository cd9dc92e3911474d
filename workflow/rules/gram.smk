# Inner products and correlations of a layer's activation vectors, from which all comparisons of images follow. Those of
# layers with very many neurons are computed over parts of the neurons, and added up.
GRAM = "results/measures/gram/{network}/{dataset}/{block}.zarr"
GRAM_PART = "results/parts/gram/{network}/{dataset}/{layer}/{part}.zarr"


rule gram_part:
    input:
        plan.stores_of_layer,
    output:
        temp(directory(GRAM_PART)),
    log:
        "logs/gram_part/{network}/{dataset}/{layer}/{part}.log",
    benchmark:
        "results/benchmarks/gram_part/{network}/{dataset}/{layer}/{part}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 3),
        runtime=120,
    params:
        parts=plan.gram_parts_of_layer,
        code=code("gram_part.py"),
    message:
        "Gram matrices of {wildcards.network} {wildcards.layer} on {wildcards.dataset}, part {wildcards.part}"
    script:
        "../../scripts/gram_part.py"


rule gram:
    input:
        stores=plan.stores_of_block,
        parts=plan.parts_of_gram(GRAM_PART),
    output:
        directory(GRAM),
    log:
        "logs/gram/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/gram/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory_of_matrices(plan, lambda run: 5),
        runtime=runtime_of_block(plan),
    params:
        parts=plan.gram_parts,
        code=code("gram.py"),
    message:
        "Gram matrices of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/gram.py"
