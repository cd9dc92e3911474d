"""Measure one recording, in memory: the function that a job of the measure calls, on the same input."""

import dataclasses
from typing import Any

from census.errors import StudyError
from census.measures import declared
from census.measures.declaration import Arrays, Measure, Recordings
from census.planning.settings import model_of, read
from census.stores.recording import Recording
from census.tables.measuring import collect


def measure(
    name: str | Measure, recording: Recording, /, *, seed: int = 0, **parameters: Any
) -> dict[str, Any]:
    """Measure a recorded layer.

    Parameters
    ----------
    name : str or census.measures.declaration.Measure
        Name of a measure, such as ``"sparsity"``; or a measure, such as ``census.measures.sparsity.measure``
        or one that you have declared. It must read a single recording, as sparsity, histogram, performance,
        concepts, selectivity, reliability, alignment and clusters do.
    recording : census.stores.recording.Recording
        One of the recordings that :func:`census.record` returns, or an opened store of a study, of at least
        two images. A measure of logits needs a unit for each label.
    seed : int
        Seed of resampling and permutations.
    **parameters
        Keys of the measure's section of the config. Others have their defaults.

    Returns
    -------
    dict
        By name, each table of the measure as a pandas.DataFrame. The only table of a measure without names
        of tables is ``"table"``. If the measure computes arrays, ``"arrays"`` is a dict of numpy arrays.

    Raises
    ------
    StudyError
        If there is no such measure, if it needs more than one recording, if ``recording`` is no recording or
        does not fit the measure, or if a parameter is unknown or out of range.

    Examples
    --------
    >>> import census, torch
    >>> network = torch.nn.Sequential(
    ...     torch.nn.Flatten(), torch.nn.Linear(12, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)
    ... )
    >>> recorded = census.record(network, torch.rand(20, 3, 2, 2), labels=[0, 1] * 10)
    >>> tables = census.measure("sparsity", recorded["2"], resamples=200)
    >>> tables["units"][["layer", "unit"]].tail(2)
      layer  unit
    3     2     3
    4     2     4
    >>> tables["layer"]["resamples"].item()
    200
    """
    if not isinstance(recording, Recording):
        raise StudyError(
            f"recording: must be the recording of one layer, not {type(recording).__name__}; "
            'take one of what census.record returns, such as recorded["relu1"]'
        )
    chosen = name if isinstance(name, Measure) else declared(name)
    (argument, reads), *others = chosen.reads.items() or [("", None)]
    if chosen.compute is None or others or not isinstance(reads, Recordings) or reads.all_seeds:
        raise StudyError(
            f"measure {chosen.name!r}: reads more than one recording; run a study, and open its tables with "
            "census.open_study"
        )
    _check_recording(recording, reads)
    own = _parameters(chosen, parameters)
    inputs = {argument: recording if chosen.each == "recording" else [recording]}
    arrays: dict[str, Any] = {}

    def keep(found: Arrays) -> None:
        arrays.update({key: values for key, (_, values) in found.arrays.items()})

    found = chosen.compute(**inputs, parameters=own, seed=seed)
    tables = collect(chosen, found, dataclasses.asdict(own), keep)
    frames = {key: table.to_pandas() for key, table in tables.items()}
    return frames | ({"arrays": arrays} if chosen.has_arrays else {})


def _check_recording(recording: Recording, reads: Recordings) -> None:
    """Check that a measure is defined on a recording."""
    if len(recording.images) < 2:
        raise StudyError(
            "recording: has a single image, and measures compare images; give census.record at least two"
        )
    n_units, last = recording.shape[0], int(recording.labels.max())
    if reads.layers == "output" and last >= n_units:
        raise StudyError(
            f"recording: labels go up to {last}, but the layer has {n_units} units, one for each class; "
            "give census.record the labels of the network's own classes"
        )


def _parameters(chosen: Measure, given: dict[str, Any]) -> Any:
    """Return a measure's parameters, checked as its section of the config is."""
    try:
        checked = read(model_of(chosen.name.capitalize(), [chosen.parameters]), given)
    except StudyError as error:
        lines = (line.removeprefix("config: ") for line in str(error).splitlines())
        raise StudyError("\n".join(f"measure {chosen.name!r}: {line}" for line in lines)) from None
    names = (field.name for field in dataclasses.fields(chosen.parameters))
    return chosen.parameters(**{name: getattr(checked, name) for name in names})
