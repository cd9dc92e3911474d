"""Draw the verdicts on all claims."""

from census.jobs import job

with job(snakemake.log[0]):
    from census.claims.verdict import read_verdicts
    from census.figures.claims import draw_claims
    from census.figures.style import in_style, save

    claims = read_verdicts(snakemake.input[0])
    with in_style():
        save(draw_claims(claims, "Do the studies' claims hold here?"), snakemake.output, snakemake.params.dpi)
