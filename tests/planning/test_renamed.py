"""Old names in the config are refused with a message that gives the new ones, which the config has."""

import copy
from typing import Any, get_args

import pytest

from census.errors import StudyError
from census.planning.config import Atlas, Config, Run, read_config
from census.planning.renamed import KEYS, MOVED, VALUES

STUDY: dict[str, Any] = {
    "datasets": {"stamps": {"source": "tuxpaint-stamps", "size": 64}},
    "networks": {"resnet": {"architecture": "resnet18"}},
    "runs": [{"network": "resnet", "dataset": "stamps"}],
}
# the models whose keys are renamed, by the path of the mapping
MODELS = {
    "runs[]": Run,
    "measures": type(Config.model_fields["measures"].default),
    "measures.facets": type(Config.model_fields["measures"].default.facets),
    "atlas": Atlas,
}


def fault(path: str, value: Any) -> str:
    """Return the error message of the study with a value at a path."""
    study = copy.deepcopy(STUDY)
    *parents, last = path.replace("runs[0]", "runs").split(".")
    place: Any = study
    for step in parents:
        place = place[step][0] if step == "runs" else place.setdefault(step, {})
    place[last] = value
    with pytest.raises(StudyError) as caught:
        read_config(study)
    return str(caught.value)


@pytest.mark.parametrize(("path", "new"), KEYS.items())
def test_an_old_key_is_refused_and_the_new_one_named(path, new):
    path = path.replace("[]", "[0]")
    assert fault(path, {}) == f"config: {path}: renamed to {new} in version 0.2.0"


@pytest.mark.parametrize(("path", "new"), MOVED.items())
def test_a_moved_key_is_refused_with_its_new_place(path, new):
    assert fault(path, 16) == f"config: {path}: moved to {new}"


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in VALUES.items() for value in values.items()]
)
def test_an_old_value_is_refused_and_the_new_one_named(path, value):
    path, (old, new) = path.replace("[]", "[0]"), value
    assert fault(path, old) == f"config: {path}: {old!r} was renamed to {new!r} in version 0.2.0"


def test_an_old_value_is_found_in_a_list():
    told = fault("runs[0].layers", ["input", "rectified"])
    assert told == "config: runs[0].layers: 'rectified' was renamed to 'nonlinear' in version 0.2.0"


@pytest.mark.parametrize("path", KEYS)
def test_the_config_has_the_new_key_and_not_the_old_one(path):
    mapping, _, old = path.rpartition(".")
    assert KEYS[path] in MODELS[mapping].model_fields
    assert old not in MODELS[mapping].model_fields


def test_the_new_values_are_valid():
    runs = [{**STUDY["runs"][0], "layers": "nonlinear", "per_unit_checkpoints": "first_and_final"}]
    assert read_config({**STUDY, "runs": runs}).runs[0].layers == "nonlinear"
    (new,) = VALUES["runs[].per_unit_checkpoints"].values()
    assert new in get_args(Run.model_fields["per_unit_checkpoints"].annotation)
