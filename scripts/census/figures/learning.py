"""Change of layers over training: towards the trained network, and from checkpoint to checkpoint."""

from typing import TYPE_CHECKING

from census.figures.declaration import Family, View, sheets_of
from census.figures.similarity import NAMES, SHORT_NAMES
from census.figures.style import BLUE, FINAL, UNTRAINED, layers_of, two_digits, wrapped
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.page import Page
    from census.planning.runs import Run


def draw_steps(
    page: "Page",
    similarities: "pd.DataFrame",
    correlations: "pd.DataFrame",
    sparsity: "pd.DataFrame",
    performance: "pd.DataFrame | None",
) -> None:
    """Draw each layer's similarity to itself before and after training, against the step of training.

    Beside it mean vector correlation and active fraction, and accuracy and loss of a network trained on the
    labels of the images.
    """
    rows = 2 if performance is None else 3
    panels = page.panels(1.9 * rows + 0.8, rows, 2, sharex=True)
    for panel, checkpoint, label in (
        (panels[0, 0], FINAL, f"{SHORT_NAMES['similarity']} with\nthe trained layer"),
        (panels[0, 1], UNTRAINED, f"{SHORT_NAMES['similarity']} with\nthe untrained layer"),
    ):
        table = similarities[similarities["other_checkpoint"] == checkpoint]
        if len(table):
            page.over_training(panel, table, "similarity")
        panel.set_ylabel(label)
        panel.set_ylim(min(0, table["similarity_low"].min()) - 0.03, 1.03)
    page.over_training(panels[1, 0], correlations, "image_correlation")
    panels[1, 0].set_ylabel("mean correlation between\nvectors of different images")
    panels[1, 0].set_ylim(min(0, correlations["image_correlation_low"].min()) - 0.03, 1.03)
    page.over_training(panels[1, 1], sparsity, "active_fraction")
    panels[1, 1].set_ylabel("active fraction")
    panels[1, 1].set_ylim(-0.03, 1.03)
    page.percent(panels[1, 1].yaxis)
    if performance is not None:
        table = performance.sort_values("step")
        for panel, column, label in (
            (panels[2, 0], "accuracy", "accuracy of the network"),
            (panels[2, 1], "loss", "cross-entropy (nats)"),
        ):
            page.band(panel, table["step"], table, column, BLUE)
            panel.plot(table["step"], table[column], "o-", color=BLUE, markersize=3.5)
            page.step_axis(panel, table["step"].tolist())
            panel.set_ylabel(label)
            panel.set_ylim(0, 1.03 if column == "accuracy" else None)
        page.percent(panels[2, 0].yaxis)
    for panel in panels[:-1].ravel():
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)
    page.explain_layers(panels[1, 1])
    page.area("95 % interval", alpha=0.25)
    if performance is not None:
        page.line("the network", BLUE, marker="o", markersize=3.5)
    page.figure.align_ylabels(panels)


def draw_checkpoints(page: "Page", similarities: "pd.DataFrame") -> None:
    """Draw the similarity between checkpoints: one matrix per layer, or with two, a curve along depth."""
    if similarities["checkpoint"].nunique() == 2:
        _draw_two_checkpoints(page, similarities)
        return
    layers = [table for _, table in similarities.groupby("depth", sort=True)]
    order = similarities.drop_duplicates("checkpoint").sort_values("step")["checkpoint"].tolist()
    ends = {UNTRAINED: "untrained", FINAL: "trained"}
    names = [ends[each] if each in ends else f"step {int(each):,}" for each in order]
    page.know([layer["layer"].iloc[0] for layer in layers])
    layers = page.share(layers)
    side = max(1.15, min(0.26 * len(order), page.width - 1.5))
    columns = page.columns_of(side, beside=1.2, most=len(layers))
    panels = page.grid(len(layers), columns, side + 0.3, 0.9, sharex=True, sharey=True)
    for panel, layer in zip(panels, layers, strict=True):
        wide = layer.pivot(index="checkpoint", columns="other_checkpoint", values="similarity")
        matrix = wide.reindex(index=order, columns=order).to_numpy()
        page.matrix(panel, matrix, "similarity", printed=two_digits)
        panel.set_title(wrapped(page.name(layer["layer"].iloc[0]), 20), fontsize=6.5, fontweight="normal")
        panel.set_xticks(range(len(order)), names, rotation=90, fontsize=7)
        panel.set_yticks(range(len(order)), names, fontsize=7)
    page.scale(panels, NAMES["similarity"], "similarity", shrink=0.8, extend="min")


def _draw_two_checkpoints(page: "Page", similarities: "pd.DataFrame") -> None:
    table = similarities[(similarities["checkpoint"] == FINAL) & (similarities["other_checkpoint"] != FINAL)]
    (axes,) = page.along_depth(layers_of(table), 2.6)
    page.curve(axes, table, "similarity", BLUE, crosses=True)
    axes.set_ylim(min(0, table["similarity_low"].min()) - 0.03, 1.03)
    axes.set_ylabel(f"{SHORT_NAMES['similarity']} of the trained\nand the untrained layer")
    page.explain_interval(BLUE)
    page.explain_kinds(table["kind"])


def _n_matrices(run: "Run", width: str) -> int:
    """Return the number of sheets of matrices of checkpoints."""
    if len(run.checkpoints) <= 2:
        return 1
    side = max(1.15, 0.26 * len(run.checkpoints))
    return sheets_of(lambda run: run.layers, inches=side + 0.3, columns=max(1, int(6 / side)))(run, width)


family = Family(
    name="learning",
    section="decorrelation",
    reads={
        "similarities": Tables("learning"),
        "correlations": Tables("correlation.layers"),
        "sparsity": Tables("sparsity.layer"),
        "performance": Tables("performance"),
    },
    views=[
        View(
            "steps",
            draw_steps,
            "Over learning",
            where=lambda run: run.has_learning,
            caption="""
            Layers of {network} on images of {dataset}, against the training step, on a log axis: similarity
            of each layer to itself after and before training (Pearson's r between the off-diagonal entries of
            correlation matrices of images), mean correlation between different images, and active fraction.
            The last row is the accuracy and the loss of the network, if it was trained on these labels.
            Colors show depth, from dark (input) to light (logits); bands are 95 % bootstrap intervals over
            images.
            """,
            corresponds="the analysis over learning proposed in the text",
        ),
        View(
            "checkpoints",
            draw_checkpoints,
            "Similarity of each layer over learning",
            sheets=_n_matrices,
            where=lambda run: len(run.checkpoints) > 1,
            caption="""
            Similarity of each layer of {network} between checkpoints of the training, on images of {dataset}:
            Pearson's r between the off-diagonal entries of correlation matrices of images. With more than two
            checkpoints there is one matrix of checkpoints per layer, gray and crossed if undefined; with two,
            a curve along depth with 95 % bootstrap intervals over images. Training hardly changed layers near
            1.
            """,
        ),
    ],
)
