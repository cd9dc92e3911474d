import time

from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/library.smk"


configfile: ROOT / "config.yaml"


report: "workflow/report/workflow.rst"


BEGUN = time.monotonic()


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/measures.smk"
include: "workflow/rules/gram_part.smk"
include: "workflow/rules/facets.smk"
include: "workflow/rules/activation_maximization.smk"
include: "workflow/rules/feature_visualization.smk"
include: "workflow/rules/path_check.smk"
include: "workflow/rules/ablation.smk"
include: "workflow/rules/dictionaries.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/software.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/atlas.smk"
include: "workflow/rules/targets.smk"


rule all:
    default_target: True
    input:
        # stores by name, so that deleted ones are made again: activations are results, too
        STORES,
        FIGURES,
        CENSUS,
        SOFTWARE,
        OVERVIEW,
        ATLAS,


onsuccess:
    from census.claims.summary import summary

    if workflow.is_main_process:
        print(summary("results", time.monotonic() - BEGUN, plan.failed))
