# Relations between measures of the same units: selectivity, substitution, and the effect of ablation.
from census.planning.rules import tables_of_run

IMPORTANCE_UNITS = "results/measures/importance/{network}/{dataset}/units.parquet"
IMPORTANCE_RELATIONS = "results/measures/importance/{network}/{dataset}/relations.parquet"


rule importance:
    input:
        substitution=plan.blocks_of_run(SUBSTITUTION_UNITS, "units"),
        selectivity=plan.unit_layers_of_run(SELECTIVITY_UNITS),
        sparsity=tables_of_run(plan, "sparsity.units", unit_layers=True),
        ablation=plan.blocks_of_run(ABLATION_UNITS, "units"),
    output:
        units=IMPORTANCE_UNITS,
        relations=IMPORTANCE_RELATIONS,
    log:
        "logs/importance/{network}/{dataset}.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        **measures.importance.model_dump(),
        # of what replaces ablated units, the first
        mode=measures.ablation.modes[0],
        seed=seed,
        code=code("importance.py"),
    message:
        "Relations between measures of units of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/importance.py"
