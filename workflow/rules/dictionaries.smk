# Families of directions: singular vectors, independent components, non-negative factors and a sparse autoencoder, fitted
# to the channel vectors of layers. The autoencoder is trained with torch; other families need none.
from census.measures import declared
from census.planning.rules import store_path, table_path


rule dictionaries:
    input:
        stores=lambda wildcards: plan.recordings(
            wildcards, "dictionaries", Recordings("per_unit_layers", "final")
        ),
    output:
        store=store_path("dictionaries"),
        fits=table_path("dictionaries.fits"),
    log:
        "logs/dictionaries/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/dictionaries/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=120,
    params:
        parameters=measures.dictionaries.model_dump(include=set(declared("dictionaries").parameter_names())),
        seed=seed,
        code=code("dictionaries.py"),
    message:
        "Families of directions of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/dictionaries.py"
