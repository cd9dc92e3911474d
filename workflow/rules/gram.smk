# Inner products and correlations of a layer's patterns, from which all that compares images follows.
GRAM = "results/measures/gram/{network}/{dataset}/{layer}.zarr"


rule gram:
    input:
        stores_of_layer,
    output:
        directory(GRAM),
    log:
        "logs/gram/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/gram/{network}/{dataset}/{layer}.tsv"
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
