"""Draw how well the studies' notions of a unit agree."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.agreement import draw_agreement
    from census.figures.style import in_style, save

    network, dataset = snakemake.wildcards.network, snakemake.wildcards.dataset
    agreement = pd.read_parquet(snakemake.input[0])
    here = (agreement["network"] == network) & (agreement["dataset"] == dataset)
    with in_style():
        figure = draw_agreement(agreement[here], f"Do the notions of a unit agree? {network} on {dataset}")
        save(figure, snakemake.output, snakemake.params.dpi)
