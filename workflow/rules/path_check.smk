# Whether images made for units are processed as natural images are.
from census.planning.rules import store_path, table_path


rule path_check:
    input:
        weights=plan.of_run(lambda run: run.unit_weights),
        stores=lambda wildcards: plan.recordings(wildcards, "units", Recordings(checkpoints="units")),
        images=plan.of_run(lambda run: run.images),
        maximization=store_path("activation_maximization"),
    output:
        units=table_path("path_check.units"),
        paths=table_path("path_check.paths"),
        depth=table_path("path_check.depth"),
        layer=table_path("path_check.layer"),
    log:
        "logs/path_check/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/path_check/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=plan.gpus,
        runtime=120,
    params:
        **measures.path_check.model_dump(),
        network=plan.of_run(lambda run: run.built_from),
        layers=plan.layers_of_block("units"),
        recorded=plan.of_run(lambda run: list(run.layers)),
        batch=plan.config.activations.batch,
        seed=seed,
        code=code("path_check.py"),
    message:
        "Check paths of images made for {wildcards.network}, layers {wildcards.block}"
    script:
        "../../scripts/path_check.py"
