# Images of single units for viewing, one job for all layers of a run. No result is computed from them.
from census.planning.rules import store_path


rule feature_visualization:
    input:
        plan.of_run(lambda run: run.unit_weights[-1]),
    output:
        store_path("feature_visualization"),
    log:
        "logs/feature_visualization/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/feature_visualization/{network}/{dataset}.tsv"
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=memory(4000),
        gpu=plan.gpus,
        runtime=240,
    params:
        **measures.feature_visualization.model_dump(),
        network=plan.of_run(lambda run: run.built_from),
        layers=plan.of_run(lambda run: list(run.per_unit_layers)),
        sampled=plan.of_run(lambda run: run.settings.units_per_layer),
        seed=seed,
        code=code("feature_visualization.py"),
    message:
        "Visualize units of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/feature_visualization.py"
