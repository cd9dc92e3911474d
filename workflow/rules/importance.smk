# Relations between measures of the same units: selectivity, substitution, and what ablation costs.
IMPORTANCE_UNITS = "results/measures/importance/{network}/{dataset}/units.parquet"
IMPORTANCE_RELATIONS = "results/measures/importance/{network}/{dataset}/relations.parquet"


rule importance:
    input:
        substitution=unit_layers_of_run(SUBSTITUTION_UNITS),
        selectivity=unit_layers_of_run(SELECTIVITY_UNITS),
        sparsity=unit_layers_of_run(SPARSITY_UNITS),
        ablation=unit_layers_of_run(ABLATION_UNITS),
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
        **config["measures"]["importance"],
        # of what stands in for ablated units, the first
        mode=config["measures"]["ablation"]["modes"][0],
        seed=config["seed"],
        code=code("importance.py"),
    message:
        "Relations between measures of units of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/importance.py"
