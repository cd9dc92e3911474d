"""Draw how layers change over learning: against the step of training, or from checkpoint to checkpoint."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.learning import draw_checkpoints, draw_learning
    from census.figures.style import in_style, save

    view, network, dataset = (snakemake.wildcards[name] for name in ("view", "network", "dataset"))
    similarities = pd.read_parquet(snakemake.input.similarities)
    with in_style():
        if view == "checkpoints":
            figure = draw_checkpoints(
                similarities, f"Similarity of each layer over learning: {network} on {dataset}"
            )
        else:
            performance = snakemake.input.get("performance")
            figure = draw_learning(
                similarities,
                pd.read_parquet(snakemake.input.correlations),
                pd.concat(map(pd.read_parquet, snakemake.input.sparsity), ignore_index=True),
                pd.read_parquet(performance) if performance else None,
                f"Over learning: {network} on {dataset}",
            )
        save(figure, snakemake.output, snakemake.params.dpi)
