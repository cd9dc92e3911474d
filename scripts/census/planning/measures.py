"""The section ``measures`` of the config: the parameters of all measures."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge
from pydantic import create_model

from census.measures import DECLARED, declared
from census.planning.settings import Settings, model_of

Resamples = Annotated[int, Ge(100)]


class Claims(Settings):
    """Tests of the studies' claims."""

    resamples: Resamples = 1000
    """Bootstrap resamples for each 95 % interval: of units, of images, or of the claim's other items."""


class _Undeclared(Settings):
    """The measures' parameters."""

    claims: Claims = Claims()


def _declared_sections() -> dict[str, type[Settings]]:
    """Return the sections of declared measures; measures that share a section add to its keys."""
    parameters: dict[str, list[type[Any]]] = {}
    for measure in map(declared, DECLARED):
        if dataclasses.fields(measure.parameters):
            parameters.setdefault(measure.section, []).append(measure.parameters)
    return {section: model_of(section.capitalize(), found) for section, found in parameters.items()}


if TYPE_CHECKING:

    class Measures(_Undeclared):
        """All sections; those of declared measures are known when the module runs."""

        def __getattr__(self, section: str) -> Any: ...

else:
    Measures = create_model(
        "Measures",
        __base__=_Undeclared,
        __doc__=_Undeclared.__doc__,
        **{section: (model, model()) for section, model in _declared_sections().items()},
    )
    Measures.written_as = (_Undeclared,)
