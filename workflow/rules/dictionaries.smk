# Families of directions: singular vectors, independent components, non-negative factors and a sparse autoencoder, fitted
# to the channel vectors of layers; and the ablation effects of some directions. One job does both, because both need
# torch, which takes longer to import than some fits.
from census.measures import declared
from census.planning.rules import store_path, table_path


rule dictionaries:
    input:
        stores=lambda wildcards: plan.recordings(
            wildcards, "dictionaries", Recordings("per_unit_layers", "final")
        ),
        weights=plan.of_run(lambda run: run.unit_weights[-1]),
        images=plan.of_run(lambda run: run.images),
    output:
        store=store_path("dictionaries"),
        fits=table_path("dictionaries.fits"),
        ablated=table_path("dictionaries.ablated"),
        effects=table_path("dictionaries.effects"),
        layer=table_path("dictionaries.layer"),
    log:
        "logs/dictionaries/{network}/{dataset}/{block}.log",
    benchmark:
        "results/benchmarks/dictionaries/{network}/{dataset}/{block}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(3000),
        gpu=plan.gpus,
        runtime=120,
    params:
        network=plan.of_run(lambda run: run.built_from),
        n_images=plan.of_run(lambda run: run.settings.n_images),
        n_ablation_images=plan.of_run(lambda run: run.n_ablation_images),
        ablated=plan.of_run(lambda run: run.n_ablated_directions),
        batch=measures.ablation.batch,
        parameters=measures.dictionaries.model_dump(include=set(declared("dictionaries").parameter_names())),
        seed=seed,
        code=code("dictionaries.py"),
    message:
        "Fit families of directions of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
    script:
        "../../scripts/dictionaries.py"
