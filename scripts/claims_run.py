"""Test the studies' claims on one network and data set, and on the untrained network as a control."""

from census.jobs import Script, job

snakemake: Script

with job(snakemake.log[0]) as log:
    import math
    from pathlib import Path

    import pandas as pd

    from census.claims.declared import CLAIMS
    from census.claims.evidence import Evidence
    from census.claims.files import STORES, TABLES, Files
    from census.claims.verdict import judge
    from census.statistics.significance import benjamini_hochberg
    from census.tables.merging import read_tables

    network, dataset = snakemake.wildcards.network, snakemake.wildcards.dataset
    resamples, seed, run = snakemake.params.resamples, snakemake.params.seed, snakemake.params.run
    layers, units = (
        read_tables([path], **run).to_pandas() for path in (snakemake.input.layers, snakemake.input.units)
    )
    files = {kind: list(snakemake.input[kind]) for kind in (*STORES, *TABLES)}

    def evidence(checkpoint: str) -> Evidence:
        """Return the evidence at a checkpoint."""
        of_layers, of_units = (table[table["checkpoint"] == checkpoint] for table in (layers, units))
        return Evidence(
            *(of_layers, of_units, Files(files, checkpoint), resamples, seed),
            normalizer=snakemake.params.normalizer,
        )

    final = evidence("final")
    untrained = evidence("0") if (layers["checkpoint"] == "0").any() else None
    random = bool((layers.loc[layers["checkpoint"] == "final", "step"] == 0).any())
    if random:
        log.warning("%s has random weights: its results are not evidence of learning", network)
    rows = []
    for claim in CLAIMS:
        # the untrained network is compared over the layers in which both networks have a value
        outcome, compared, control = claim.test_both(final, untrained)
        state, p, reason = judge(
            *(outcome, control, claim.null, claim.predicted), compared=compared, random=random
        )
        rule, view = claim.figure
        # figures of all seeds are drawn once, for the first
        drawn_for = snakemake.params.first_seed if claim.between_networks else network
        figure = Path("figures", rule, drawn_for, dataset, f"{view}.{snakemake.params.format}")
        rows.append(
            {
                "id": claim.id,
                "claim": claim.claim,
                "network": run["network"],
                "seed": run["seed"],
                "checkpoint": "final",
                "dataset": dataset,
                "statistic": claim.statistic,
                "predicted": claim.side,
                "null": claim.null,
                "effect": outcome.effect,
                "low": outcome.low,
                "high": outcome.high,
                "effect_compared": compared.effect if control else math.nan,
                "control": control.effect if control else math.nan,
                "control_low": control.low if control else math.nan,
                "control_high": control.high if control else math.nan,
                "n": outcome.n,
                "resampled": claim.resampled,
                "resamples": resamples,
                "test": outcome.test,
                "p": p,
                "verdict": state,
                "reason": reason,
                "layers": ", ".join(getattr(final, claim.of)),
                # no figure without an effect
                "figure": "" if math.isnan(outcome.effect) else figure.as_posix(),
            }
        )
        log.info("%s %s: %.3g [%.3g, %.3g], %s", claim.id, claim.statistic, *outcome.interval, state)
    table = pd.DataFrame(rows)
    table.insert(table.columns.get_loc("p") + 1, "q", benjamini_hochberg(table["p"].to_numpy(float)))
    table.to_parquet(snakemake.output[0], index=False)
