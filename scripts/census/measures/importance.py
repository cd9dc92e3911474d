"""Relations between measures of the same units: selectivity, substitution, and the effect of ablation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from census.jobs import LOGGER
from census.measures.columns import ENDINGS, Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Measure, Tables
from census.measures.parameters import UnitResamples
from census.statistics.bootstrap import Estimate
from census.statistics.groups import groups, rows_with
from census.statistics.relations import relation

if TYPE_CHECKING:
    import pyarrow as pa

SUBSTITUTIONS = ("rs_iam", "rs_am", "rs_natural")
# the change of the output comes first, because the loss is much noisier with few images
EFFECTS = ("ablation_kl", "ablation_loss")
# pairs of measures, and the covariate to control for
RELATIONS: tuple[tuple[str, str, str | None], ...] = (
    *((name, "selectivity", None) for name in SUBSTITUTIONS),
    *(
        (name, effect, None)
        for effect in EFFECTS
        for name in ("selectivity", *SUBSTITUTIONS, "mean_activation")
    ),
    *((name, effect, "mean_activation") for effect in EFFECTS for name in ("selectivity", *SUBSTITUTIONS)),
)


@dataclass(frozen=True)
class Parameters(UnitResamples):
    """Relations between measures of the same units."""


class Units(Table, per="unit"):
    """The measures of units that are compared."""

    rs_iam: Floats = share("representative substitution on the unit's IAM images")
    rs_am: Floats = share("representative substitution on the unit's AM images")
    rs_natural: Floats = share(
        "representative substitution on the image with the unit's largest mean activation"
    )
    rs_iam_failed: Integers = count("IAM images that failed", "images")
    rs_am_failed: Integers = count("AM images that failed", "images")
    selectivity: Floats = share("class selectivity")
    mean_activation: Floats = column("mean activation over images and positions")
    ablation_kl: Estimate = column("ablation effect: change of the network's output", unit="nats")
    ablation_loss: Estimate | None = column("ablation effect: increase of the network's loss", unit="nats")


class Relations(Table, per="relation"):
    """Rank correlations over a layer's units."""

    first: Texts = column("one measure")
    second: Texts = column("the other measure")
    covariate: Texts = column("measure controlled for by partial correlation; null for none")
    rho: Estimate = column("Spearman's ρ, partial if there is a covariate", range=(-1, 1))
    n: Integers = count("units for which all measures are defined", "units")
    resamples: int = count("value of the parameter `resamples`", "resamples")


def _rho(definition: str, source: str) -> Any:
    return column(definition, source, range=(-1, 1))


class Layer(Table, per="layer"):
    """The relations of the claims and papers."""

    rho_rs_selectivity: Estimate = _rho(
        "rank correlation over units of RS (IAM) and class selectivity", "Chen et al. 2018"
    )
    rho_rs_ablation: Estimate = _rho(
        "rank correlation over units of RS (IAM) and ablation effect (change of the output)", "ours"
    )
    rho_selectivity_ablation: Estimate = _rho(
        "rank correlation over units of class selectivity and ablation effect (change of the output)", "ours"
    )
    rho_rs_ablation_partial: Estimate = _rho(
        "partial rank correlation of RS (IAM) and ablation effect, controlling for mean activation", "ours"
    )
    rho_selectivity_ablation_partial: Estimate = _rho(
        "partial rank correlation of class selectivity and ablation effect, controlling for mean activation",
        "ours",
    )
    rho_rs_loss: Estimate | None = _rho(
        "rank correlation over units of RS (IAM) and increase of loss; null if labels are not classes of "
        "the network",
        "ours",
    )
    rho_selectivity_loss: Estimate | None = _rho(
        "rank correlation over units of class selectivity and increase of loss; null if labels are not "
        "classes of the network",
        "ours",
    )


def compute(
    substitution: "pa.Table",
    selectivity: "pa.Table",
    sparsity: "pa.Table",
    ablation: "pa.Table",
    mode: str,
    parameters: Parameters,
    seed: int,
) -> Iterator[Table]:
    """Join measures of the same units, and correlate their ranks layer by layer.

    Parameters
    ----------
    substitution, selectivity, sparsity, ablation : tables of units.
    mode : ablation mode whose effects are used.
    """
    units = substitution
    for other, columns in (
        (selectivity, ["selectivity"]),
        (sparsity, ["mean_activation"]),
        (rows_with(ablation, mode=mode), [f"{name}{ending}" for name in EFFECTS for ending in ENDINGS]),
    ):
        same = ["checkpoint", "layer", "unit"]
        units = units.join(other.select([*same, *columns]), same, join_type="left outer")
    order = ("step", "checkpoint", "depth", "unit")  # a join does not preserve order
    units = units.sort_by([(name, "ascending") for name in order])
    for place, here in groups(units, "checkpoint", "layer"):
        of = here.slice(0, 1).to_pylist()[0]
        known = [name for name in EFFECTS if here[name].null_count < len(here)]
        effects: dict[str, Any] = {
            name: Estimate(*(here[f"{name}{ending}"] for ending in ENDINGS)) if name in known else None
            for name in EFFECTS
        }
        rest = {each.name: here[each.name] for each in Units.columns() if each.name not in EFFECTS}
        yield Units(of=of, **effects, **rest)
        values = {
            name: here[name].to_numpy().astype(float)
            for name in ("selectivity", *SUBSTITUTIONS, *EFFECTS, "mean_activation")
        }
        relations = [each for each in RELATIONS if each[1] in ("selectivity", *known)]
        found = [
            relation(
                values[one],
                values[other],
                parameters.resamples,
                seed,
                values[covariate] if covariate else None,
            )
            for one, other, covariate in relations
        ]
        firsts, seconds, covariates = zip(*relations, strict=True)
        *ends, n = map(np.array, zip(*found, strict=True))
        rho = Estimate(*ends)
        yield Relations(
            of=of,
            first=firsts,
            second=seconds,
            covariate=covariates,
            rho=rho,
            n=n,
            resamples=parameters.resamples,
        )
        pairs = {names: rho.at(number) for number, names in enumerate(relations)}
        effect, loss = EFFECTS
        yield Layer(
            of=of,
            rho_rs_selectivity=pairs["rs_iam", "selectivity", None],
            rho_rs_ablation=pairs["rs_iam", effect, None],
            rho_selectivity_ablation=pairs["selectivity", effect, None],
            rho_rs_ablation_partial=pairs["rs_iam", effect, "mean_activation"],
            rho_selectivity_ablation_partial=pairs["selectivity", effect, "mean_activation"],
            rho_rs_loss=pairs.get(("rs_iam", loss, None)),
            rho_selectivity_loss=pairs.get(("selectivity", loss, None)),
        )
        if undefined := int(np.isnan(rho.value).sum()):
            LOGGER.warning(
                "%s, checkpoint %s: %d of %d relations are undefined",
                *(place["layer"], place["checkpoint"], undefined, len(relations)),
            )


measure = Measure(
    name="importance",
    title="Relations between measures of units",
    reads={
        "substitution": Tables("substitution.units"),
        "selectivity": Tables("selectivity.units", layers="per_unit_layers"),
        "sparsity": Tables("sparsity.units", layers="per_unit_layers"),
        "ablation": Tables("ablation.units"),
    },
    each="all",
    jobs="run",
    where=lambda run: bool(run.per_unit_layers),
    tables={"units": Units, "relations": Relations, "layer": Layer},
    compute=compute,
    parameters=Parameters,
    plan={"mode": "ablation_mode"},
)
