"""Runs, layers and units of a finished study, as objects of a notebook."""

import numpy as np
import pytest

import census
from census.errors import StudyError

pytestmark = pytest.mark.slow


@pytest.fixture
def study(first):
    return census.open_study(first[0].folder / "results")


def test_a_run_maps_names_of_layers_to_layers(study):
    run = study["small"]
    assert list(run) == run.layers.sort_values("depth")["layer"].tolist()
    assert run.checkpoints == ["0", "1", "final"]
    assert run.at(0)["relu"].row["active_fraction"] != run["relu"].row["active_fraction"]
    assert run.images["class"].tolist() == run.images["source"].str.split("/").str[0].tolist()
    assert study["small", "tiny"].network == "small"
    assert study._ipython_key_completions_() == ["random", "small"]
    assert "small" in study._repr_html_()


def test_a_unit_has_its_images_its_maps_and_its_row(study):
    layer = study["small"]["relu"]
    unit, store = layer.unit(2), layer.activations
    largest = store["max"].isel(unit=2).to_numpy()
    top = unit.top(3)
    np.testing.assert_allclose(top.table["value"], np.sort(largest)[::-1][:3], rtol=1e-6)
    place = store["image"].to_numpy().tolist().index(top.table["image"][0])
    assert largest[place] == largest.max()
    assert top.table["class"][0] == store.attrs["classes"][int(store["label"][place])]
    image = int(layer.run.map_images[1])
    np.testing.assert_array_equal(unit.map(image), store["maps"].isel(map_image=1, unit=2))
    assert unit.class_counts.sum() == min(100, (largest > 0).sum())
    rows = study.units.query("network == 'small' and checkpoint == 'final' and layer == 'relu'")
    assert unit.row["max_activation"] == rows.set_index("unit")["max_activation"][2]
    assert unit._repr_html_().count("<img") == len(unit.top(9))


def test_patches_are_what_the_receptive_field_covers(study):
    unit = study["random"]["relu1"].unit(0)
    whole, patches = unit.top(2), unit.top(2, patches=True)
    height, width = unit.layer.activations.attrs["receptive_field"]["size"]
    assert patches.pixels.shape[1:3] == (height, width)
    assert whole.pixels.shape[1] > height
    assert whole.table.equals(patches.table)


def test_the_similarity_matrix_is_labeled_by_images(study):
    layer = study["small"]["relu"]
    matrix = layer.rsm()
    assert matrix.index.get_level_values("image").tolist() == layer.run.map_images.tolist()
    assert matrix.equals(matrix.T)
    vectors = layer.activations["maps"].to_numpy().reshape(len(matrix), -1)
    np.testing.assert_allclose(matrix, np.corrcoef(vectors), atol=1e-5)


def test_a_unit_is_drawn_in_one_call(study):
    figure = study["small"]["relu"].unit(1).plot(4)
    titles = [axes.get_title() for axes in figure.axes]
    assert sum(title.startswith("map, image") for title in titles) == 4
    frames = [axes.patches for axes in figure.axes[:4]]
    assert all(len(each) == 1 for each in frames)


def test_activation_maximization_images_are_those_of_the_store(study):
    layer = study["small"]["relu"]
    store = layer.matrices("activation_maximization")
    (number, *_) = store["unit"].to_numpy()
    images = layer.unit(int(number)).maximized("am")
    stored = store["image"].isel(objective=store.attrs["objectives"].index("am"), unit=0)
    np.testing.assert_array_equal(images.pixels, stored)


def test_a_unit_has_an_image_for_viewing(study):
    layer = study["small"]["relu"]
    store = layer.matrices("feature_visualization")
    numbers = store["unit"].to_numpy().tolist()
    image = layer.unit(numbers[1]).visualized()
    np.testing.assert_array_equal(image.pixels, store["image"][[1]])
    assert image.table["value"].tolist() == [float(store["response"][1])]
    (other,) = set(range(4)) - set(numbers)
    with pytest.raises(StudyError, match="no feature visualization; units that have: "):
        layer.unit(other).visualized()
    with pytest.raises(StudyError, match=r"tiny.zarr.zip: there is no layer 'output'; .*relu"):
        study["small"]["output"].matrices("feature_visualization")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: study["smal"], "no network 'smal'; did you mean 'small'"),
        (lambda study: study["small", "huge"], "has not run on 'huge'; valid: tiny"),
        (lambda study: study["small"]["rel"], "no layer 'rel'; did you mean 'relu'"),
        (lambda study: study["small"].at(7), "no checkpoint 7; valid: 0, 1, final"),
        (lambda study: study["small"]["relu"].unit(4), "no unit 4; valid: 0 to 3"),
        (lambda study: study["small"]["relu"].unit(0).map(-1), "image -1 has no activation map: those of"),
        (lambda study: study["small"]["relu"].unit(0).maximized("ma"), "no objective 'ma'"),
    ],
    ids=["network", "data set", "layer", "checkpoint", "unit", "map", "objective"],
)
def test_what_does_not_exist_is_refused_with_what_does(study, ask, message):
    with pytest.raises(StudyError, match=message):
        ask(study)
