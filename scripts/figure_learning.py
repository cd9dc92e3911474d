"""Draw how layers change over learning: against the step of training, and from checkpoint to checkpoint."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.learning import draw_checkpoints, draw_learning
    from census.figures.style import in_style, save_views

    where = f"{snakemake.wildcards['network']} on {snakemake.wildcards['dataset']}"
    similarities, correlations = (
        pd.read_parquet(snakemake.input[name]) for name in ("similarities", "correlations")
    )
    sparsity = pd.concat(map(pd.read_parquet, snakemake.input.sparsity), ignore_index=True)
    path = snakemake.input.get("performance")
    performance = pd.read_parquet(path) if path else None
    views = {
        "steps": lambda: draw_learning(
            similarities, correlations, sparsity, performance, f"Over learning: {where}"
        ),
        "checkpoints": lambda: draw_checkpoints(
            similarities, f"Similarity of each layer over learning: {where}"
        ),
    }
    with in_style():
        save_views(views, snakemake.output, snakemake.params.dpi)
