# Images and labels: fetched, or in the user's folder, then converted to a Zarr store per split.
from census.data.downloads import SOURCES
from census.data.sources import TORCHVISION_PREFIX


rule fetch:
    output:
        directory(SOURCE),
    log:
        "logs/fetch/{source}.log",
    benchmark:
        "results/benchmarks/fetch/{source}.tsv"
    wildcard_constraints:
        source="|".join([*map(re.escape, SOURCES), f"{TORCHVISION_PREFIX}[A-Za-z0-9]+"]),
    # the nodes of a cluster often have no internet access
    localrule: True
    conda:
        CONDA
    resources:
        mem_mb=memory(2000),
        runtime=240,
    params:
        # the content is pinned by its digest, so edits of code must not fetch everything again
        sha256=lambda wildcards: (
            SOURCES[wildcards.source].sha256 if wildcards.source in SOURCES else "torchvision's own"
        ),
    message:
        "Fetch {wildcards.source}"
    script:
        "../../scripts/fetch.py"


rule dataset:
    input:
        plan.files_of_dataset,
    output:
        store=directory(f"{DATASET}.zarr"),
        table=f"{DATASET}.parquet",
        unreadable=f"{DATASET}.unreadable.tsv",
    log:
        "logs/dataset/{dataset}/{split}.log",
    benchmark:
        "results/benchmarks/dataset/{dataset}/{split}.tsv"
    conda:
        CONDA
    threads: 4
    resources:
        # the largest image that Pillow opens is 700 MB, and each thread holds one
        mem_mb=memory(3000),
        runtime=240,
    params:
        entry=plan.settings_of_dataset,
        # for the user's folders; class folders are no inputs, because Snakemake reads braces in names as wildcards
        classes=plan.classes_of_dataset,
        changes=plan.changes_of_dataset,
        code=code("dataset.py"),
    message:
        "Convert {wildcards.dataset} ({wildcards.split}) to a Zarr store"
    script:
        "../../scripts/dataset.py"
