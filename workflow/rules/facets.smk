# Facets of single units: independent components of the patches to which they respond most.
from census.planning.rules import store_path, table_path

FACETS = store_path("facets")
FACETS_TABLE = table_path("facets")


rule facets:
    input:
        concepts=plan.measured_layers(store_path("concepts"), "facets"),
        units=plan.measured_layers(table_path("concepts.units"), "facets"),
        images=plan.of_run(lambda run: run.images),
    output:
        store=FACETS,
        table=FACETS_TABLE,
    log:
        "logs/facets/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/facets/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=120,
    params:
        **{
            **measures.facets.model_dump(),
            "layers": plan.layers_of_block("facets"),
            "units": plan.units_with_facets,
            "size": plan.of_run(lambda run: run.entry.input.size),
            "resize": plan.of_run(lambda run: run.input_resize),
            "interpolation": plan.of_run(lambda run: run.entry.input.interpolation),
            "seed": seed,
            "code": code("facets.py"),
        },
    message:
        "Facets of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/facets.py"
