# The atlas: a static site in which to look at any unit behind the study's numbers.
ATLAS_RUN = "results/atlas/data/{network}/{dataset}"
ATLAS_RUNS = [
    path for run in RUNS for path in expand(ATLAS_RUN, network=run["network"], dataset=run["dataset"])
]
ATLAS_SHELL = {
    "page": "results/atlas/index.html",
    "style": "results/atlas/style.css",
    "script": "results/atlas/atlas.js",
    "data": "results/atlas/data.js",
}
# of each by name, so that one that was deleted is made again
ATLAS = [*ATLAS_SHELL.values(), *ATLAS_RUNS]


# all layers in one job: to begin takes longer than a layer does
rule atlas_run:
    input:
        units=CENSUS_UNITS,
        stores=layers_of_run(STORE.replace("{checkpoint}", "final")),
        concepts=layers_of_run(CONCEPTS),
        facets=layers_of_run(FACETS),
        tables=layers_of_run(FACETS_TABLE),
        ascents=unit_layers_of_run(ASCENT),
        images=images_of_run,
    output:
        directory(ATLAS_RUN),
    log:
        "logs/atlas_run/{network}/{dataset}.log",
    benchmark:
        "results/benchmarks/atlas_run/{network}/{dataset}.tsv"
    conda:
        CONDA
    # matrices of a layer's units by its units, and what is shown of all units
    resources:
        mem_mb=memory(2000),
        runtime=60,
    params:
        **config["atlas"],
        size=size_of_input,
        resize=resize_of_input,
        interpolation=interpolation_of_input,
        seed=config["seed"],
        code=code("atlas_run.py"),
    message:
        "Atlas of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/atlas_run.py"


rule atlas:
    input:
        runs=ATLAS_RUNS,
        dictionary=CENSUS_DICTIONARY,
        claims=CLAIMS,
    output:
        **ATLAS_SHELL,
    log:
        "logs/atlas.log",
    conda:
        CONDA
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        code=code("atlas.py", "census/atlas/static", "census/atlas/templates"),
    message:
        "Atlas"
    script:
        "../../scripts/atlas.py"
