"""Figures of clusters show the numbers they are given, legibly."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage

from census.drawing.page import figure_of
from census.figures import clusters
from census.figures.clusters import (
    FRAME,
    MOST_CLUSTERS,
    TILE,
    LayerClusters,
    draw_depth,
    draw_trees,
    leaves,
    prune,
)
from census.measures.clusters import cut, distances, standardize, top_images_of_clusters, tree


@pytest.fixture
def layers():
    rows = [
        {
            "checkpoint": checkpoint,
            "step": 470 * (checkpoint == "final"),
            "layer": name,
            "depth": 3 * depth,
            "n_units": 64,
            "n_constant_units": (0, 5, 64)[depth],
            "n_clusters": (20, 40, 0)[depth],
            "n_clusters_chance": (64, 59, np.nan)[depth],
            "cluster_share": (20 / 64, 40 / 59, np.nan)[depth],
            "cluster_threshold": 0.7,
        }
        for checkpoint in ("0", "final")
        for depth, name in enumerate(("a", "b", "c"))
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def layer(name, units, seed=0):
    random = np.random.default_rng(seed)
    means = random.standard_normal((50, 4)) @ random.standard_normal((4, units))
    values = standardize(means + 0.5 * random.standard_normal((50, units))).values
    merges = tree(distances(values))
    clusters = cut(merges, 0.7)
    return LayerClusters(name, 0.7, clusters, merges, top_images_of_clusters(values, clusters, 5))


def test_depth_shows_clusters_chance_and_constant_units(layers, drawn, texts):
    figure = figure_of(draw_depth, layers, title="A title")
    drawn(figure)
    above, below = figure.axes
    solid = [line.get_ydata() for line in above.lines if line.get_linestyle() == "-"]
    np.testing.assert_array_equal(solid[0], [20, 40, np.nan])
    chance = [line.get_ydata() for line in below.lines if line.get_marker() == "_"]
    np.testing.assert_allclose(chance[0], [1, 1, np.nan])
    crosses = [list(line.get_xdata()) for line in below.lines if line.get_marker() == "x"]
    assert crosses == [[2], [2]]
    assert sorted(text.get_text() for text in texts(figure)) == ["5", "5", "64", "64", "constant"]


def test_a_pruned_tree_keeps_clusters_and_their_merges():
    # units on a line: clusters {0, 1, 2}, {3, 4} and {5}
    points = np.array([[0.0], [0.01], [0.04], [0.2], [0.25], [0.9]])
    merges = linkage(points, "average")
    clusters = np.array([0, 0, 0, 1, 1, 2])
    root = prune(merges, clusters, 3)
    assert [leaf.cluster for leaf in leaves(root)] in ([2, 0, 1], [2, 1, 0])
    found = {leaf.cluster: (leaf.correlation, leaf.first) for leaf in leaves(root)}
    assert found[0] == pytest.approx((1 - merges[1, 2], 1 - 0.01))
    assert found[1] == pytest.approx((1 - 0.05, 1 - 0.05))
    assert found[2] == (1, 1)
    assert root.correlation == pytest.approx(1 - merges[-1, 2])
    few = prune(merges, clusters, 2)
    assert sorted(leaf.cluster for leaf in leaves(few)) == [0, 1]
    assert few.correlation == pytest.approx(1 - merges[-2, 2])
    assert leaves(prune(merges, clusters, 1))[0].cluster == 0


def test_pruned_trees_have_each_cluster_once():
    shown = layer("a", 200)
    found = [leaf.cluster for leaf in leaves(prune(shown.merges, shown.clusters, 10))]
    assert sorted(found) == list(range(10))
    for leaf in leaves(prune(shown.merges, shown.clusters, 10)):
        assert shown.threshold - 1e-9 <= leaf.correlation <= leaf.first <= 1


def test_dendrograms_show_the_largest_clusters_with_their_images(drawn, texts, overlaps):
    nothing = LayerClusters("inactive", 0.7, np.empty(0, int), np.empty((0, 4)), np.empty((0, 0), int))
    one = LayerClusters("one", 0.7, np.zeros(1, int), np.empty((0, 4)), np.array([[3, 4]]))
    shown = [layer("features.3.squeeze_activation", 300), layer("b", 6), nothing, one]
    random = np.random.default_rng(0)
    pixels = {image: random.integers(0, 256, (28, 28, 1), np.uint8) for image in range(50)}
    figure = figure_of(draw_trees, shown, pixels, title="A title")
    renderer = drawn(figure)
    trees = figure.axes[::2]
    sizes = np.bincount(shown[0].clusters)
    headings = [axes.get_title("left") for axes in trees]
    of_two = (sizes > 1).sum()
    assert headings[0].endswith(
        f"300 units that vary, {len(sizes)} clusters, {of_two} of two or more units, the 8 largest shown"
    )
    assert headings[2] == "inactive: no unit varies"
    assert headings[3].endswith("1 units that vary, 1 clusters, 0 of two or more units")
    labels = [int(text.get_text().split()[0]) for text in texts(figure) if text.axes is trees[0]]
    assert sorted(labels, reverse=True) == sizes[:MOST_CLUSTERS].tolist()
    assert overlaps([text for text in texts(figure) if text.axes is trees[0]], renderer) == []
    # a row of images stands beside each cluster
    for axes, tiles, each in zip(trees, figure.axes[1::2], shown[:2], strict=False):
        (image,) = tiles.images
        assert image.get_array().shape[0] / 60 == each.n_shown
        assert tiles.get_window_extent(renderer).y0 == pytest.approx(axes.get_window_extent(renderer).y0)


def test_images_of_any_size_and_color(drawn):
    merges = np.array([[0, 1, 0.1, 2]])
    shown = LayerClusters("a", 0.7, np.zeros(2, int), merges, np.array([[0, 1]]))
    pixels = {0: np.full((90, 70, 3), (255, 0, 0), np.uint8), 1: np.full((5, 5, 1), 9, np.uint8)}
    figure = figure_of(draw_trees, [shown], pixels, title="A title")
    drawn(figure)
    (image,) = figure.axes[1].images
    assert image.get_array()[30, 30].tolist() == [255, 0, 0]
    assert image.get_array()[30, 90].tolist() == [9, 9, 9]


def test_white_images_have_a_frame():
    merges = np.array([[0, 1, 0.1, 2]])
    shown = LayerClusters("a", 0.7, np.zeros(2, int), merges, np.array([[0, 1]]))
    pixels = dict.fromkeys((0, 1), np.full((TILE, TILE, 1), 255, np.uint8))
    (image,) = figure_of(draw_trees, [shown], pixels).axes[1].images
    shades = image.get_array()[..., 0]
    frame = np.argwhere(shades == FRAME)
    assert (shades[(shades != FRAME)] == 255).all()
    # all four sides of both images are within the canvas
    assert len(frame) == 2 * 4 * (TILE + 1)


def test_names_are_shortened_alike_on_all_sheets(monkeypatch):
    names = [f"block{number}.depthwise_relu" for number in range(5)]
    found = []
    monkeypatch.setattr(clusters, "_clusters_of", lambda group: layer(group.attrs["layer"], 6))
    stores = SimpleNamespace(groups=lambda _: (SimpleNamespace(attrs={"layer": name}) for name in names))
    images = {image: np.zeros((4, 4, 1), np.uint8) for image in range(50)}
    for sheet in range(2):
        figure = figure_of(clusters.draw_dendrograms, stores, lambda _: images, 3, sheet=(sheet, 2))
        found += [axes.get_title("left").partition(":")[0] for axes in figure.axes[::2]]
    assert found == ["block0.depthwise", "block2.depthwise", "block4.depthwise"]
