"""The section ``measures`` of the config: the parameters of all measures."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Len
from pydantic import create_model

from census.measures import DECLARED, declared
from census.planning.settings import AS_WRITTEN, NotNegative, Positive, Settings, Unique, model_of

Resamples = Annotated[int, Ge(100)]


class Facets(Settings):
    """Facets of single units: independent components of the patches to which they respond most strongly."""

    units_per_end: NotNegative = 1
    """Number of units decomposed at each extreme of a layer's degrees of multifacetedness; figures show the
    first of each extreme."""
    units: dict[str, dict[str, Unique[NotNegative]]] | None = None
    """Further units to decompose, as `{NETWORK: {LAYER: [0, 1]}}`; null for none."""
    all: bool = False
    """Whether all units of all layers are decomposed."""
    components: Annotated[int, Ge(2), Le(64)] = 8
    """Facets of a unit."""
    patch_size: Annotated[int, Ge(2), Le(256)] = 32
    """Pixels along the longer side of a patch; larger patches are shrunk to this size."""
    patches_shown: Annotated[int, Ge(1), Le(100)] = 10
    """Number of a unit's patches that are kept, and shown beside its facets."""


class Ascent(Settings):
    """Activation-maximization images of single units, made by gradient ascent."""

    steps: Positive = 24
    """Optimization steps per image."""
    step_size: Annotated[float, Gt(0), AS_WRITTEN] = 0.1
    """Root mean square of the first step's change of pixels between black, 0, and white, 1; step sizes
    decrease, down to almost 0 at the end."""
    seeds: Annotated[int, Ge(1), Le(100)] = 3
    """Images per unit, each started from different noise."""
    parametrization: Literal["pixels", "fourier"] = "pixels"
    """Parameters of an image that are optimized: its pixels, as in the paper; or Fourier coefficients
    weighted by the inverse of their frequency, for images that are easier to look at."""
    jitter: NotNegative = 0
    """Largest random shift of an image in pixels, drawn anew in each step."""
    batch: Positive = 96
    """Images optimized at once; fewer take less memory."""


class Claims(Settings):
    """Tests of the studies' claims."""

    resamples: Resamples = 1000
    """Bootstrap resamples for each 95 % interval: of units, of images, or of the claim's other items."""


class Ablation(Settings):
    """Ablation of single units, and of increasing numbers of them."""

    modes: Annotated[Unique[Literal["zero", "mean", "resampled"]], Len(1)] = ["zero"]
    """Substitutes for an ablated unit's map: 0; its mean over training images; or its map on another image. A
    list of several measures each of them."""
    steps: Annotated[int, Ge(2), Le(100)] = 5
    """Equal steps in which increasing numbers of a layer's units are ablated, from none to all."""
    random_orders: Positive = 3
    """Random orders in which units are ablated, in addition to those of a criterion."""
    resamples: Resamples = 1000
    """Bootstrap resamples of the images for each 95 % interval."""
    batch: Positive = 64
    """Number of images, each with an ablation of its own, in one forward pass."""


class _Undeclared(Settings):
    """The measures' parameters."""

    facets: Facets = Facets()
    ascent: Ascent = Ascent()
    claims: Claims = Claims()
    ablation: Ablation = Ablation()


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
