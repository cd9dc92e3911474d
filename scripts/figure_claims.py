"""Draw the verdicts on all claims."""

from census.jobs import job

with job(snakemake.log[0]):
    import pandas as pd

    from census.figures.claims import draw_claims
    from census.figures.style import in_style, save

    claims = pd.read_csv(snakemake.input[0], sep="\t").fillna({"remark": ""})
    with in_style():
        save(draw_claims(claims, "Do the studies' claims hold here?"), snakemake.output, snakemake.params.dpi)
