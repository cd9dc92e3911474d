# Inner products of a layer's activation vectors over parts of its neurons, for layers with very many; the measure `gram`
# adds them up.
from census.planning.plan import GRAM_PART


rule gram_part:
    input:
        plan.stores_of_layer,
    output:
        temp(GRAM_PART),
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
