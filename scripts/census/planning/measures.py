"""The section ``measures`` of the config: the parameters of all measures and of the claims."""

import dataclasses
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from census.claims.parameters import Parameters as Claims
from census.measures import DECLARED, declared
from census.planning.settings import Settings, model_of


class _Sections(Settings):
    """The measures' parameters."""


def _sections() -> dict[str, type[Settings]]:
    """Return the models of all sections; measures that share a section add to its keys."""
    parameters: dict[str, list[type[Any]]] = {"claims": [Claims]}
    for measure in map(declared, DECLARED):
        if dataclasses.fields(measure.parameters):
            parameters.setdefault(measure.section, []).append(measure.parameters)
    return {section: model_of(section.capitalize(), found) for section, found in parameters.items()}


if TYPE_CHECKING:

    class Measures(_Sections):
        """All sections; their names are known only at run time."""

        def __getattr__(self, section: str) -> Any: ...

else:
    Measures = create_model(
        "Measures",
        __base__=_Sections,
        __doc__=_Sections.__doc__,
        **{section: (model, model()) for section, model in _sections().items()},
    )
    Measures.written_as = (_Sections,)
