# Facets of single units: independent components of the patches to which they answer most, and their figures.
FACETS = "results/measures/facets/{network}/{dataset}/{layer}.zarr"
FACETS_TABLE = "results/measures/facets/{network}/{dataset}/{layer}.parquet"
FACETS_FIGURE = "results/figures/facets/{network}/{dataset}/{view}"
FACETS_VIEWS = ("single", "multi")
FACETS_FIGURES = figures(expand(FACETS_FIGURE, view=FACETS_VIEWS, allow_missing=True), RUNS)
if config["measures"]["facets"]["units_per_end"] == 0:
    FACETS_FIGURES = []  # there is no unit to show

try:
    UNITS = units_of_layers(config["measures"]["facets"]["units"], LAYERS, RUNS)
except StudyError as error:
    raise WorkflowError(str(error)) from None


rule facets:
    input:
        concepts=CONCEPTS,
        units=CONCEPTS_UNITS,
        images=images_of_run,
    output:
        store=directory(FACETS),
        table=FACETS_TABLE,
    log:
        "logs/facets/{network}/{dataset}/{layer}.log",
    benchmark:
        "results/benchmarks/facets/{network}/{dataset}/{layer}.tsv"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=120,
    params:
        size=lambda wildcards: input_size(wildcards, "size"),
        resize=lambda wildcards: input_size(wildcards, "resize"),
        units=lambda wildcards: UNITS.get(wildcards.network, {}).get(wildcards.layer, []),
        units_per_end=config["measures"]["facets"]["units_per_end"],
        all=config["measures"]["facets"]["all"],
        components=config["measures"]["facets"]["components"],
        patch_size=config["measures"]["facets"]["patch_size"],
        patches_shown=config["measures"]["facets"]["patches_shown"],
        seed=config["seed"],
        code=code("facets.py"),
    message:
        "Facets of {wildcards.network} {wildcards.layer} on {wildcards.dataset}"
    script:
        "../../scripts/facets.py"


rule figure_facets:
    input:
        stores=layers_of_run(FACETS),
        tables=layers_of_run(FACETS_TABLE),
    output:
        **view_files(
            FACETS_FIGURE,
            FACETS_VIEWS,
            figure="facets",
            caption="../report/facets.rst",
            category="S2 Which concepts?",
        ),
    log:
        "logs/figure_facets/{network}/{dataset}.log",
    group:
        "figures_{network}_{dataset}"
    conda:
        CONDA
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        dpi=config["figures"]["dpi"],
        code=code("figure_facets.py"),
    message:
        "Draw facets of {wildcards.network} on {wildcards.dataset}"
    script:
        "../../scripts/figure_facets.py"
