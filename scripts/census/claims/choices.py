"""Defensible choices of the parameters of claims, for which no network has to run again.

A choice has a name and its values; the first value is the claim's own. If the values depend on the study, the
name of a property of :class:`census.claims.evidence.Evidence` stands in their place. All combinations of a
claim's choices are its specifications.

Values are as defensible as the claim's own: in use in one of the papers or in the literature on the measure,
valid for the question, and more than another number for the same thing. Left out are, for example, z in place
of the difference from rotations, because it grows with the number of units, and significant components of all
neurons, because their number grows with that of neurons.
"""

from collections.abc import Sequence

from census.measures.importance import SUBSTITUTIONS

Choices = dict[str, Sequence[str | float] | str]

CORRELATION: Choices = {"correlation": ("Spearman", "Kendall", "Pearson")}
LAYERS: Choices = {"layers": ("nonlinear", "hidden", "inner")}
# a trend over depth: by which correlation, and over which layers
TREND: Choices = {**CORRELATION, **LAYERS}
CONVOLUTIONAL: Choices = {"layers": ("substituted", "convolutional")}
EARLY: Choices = {"layers": ("early", "first_half", "first_quarter")}
# over units, layers or modules
AVERAGE: Choices = {"average": ("mean", "median")}
MEDIAN: Choices = {"average": ("median", "mean")}
SPARSENESS: Choices = {
    "sparseness": ("active_fraction", "lifetime_sparseness", "population_sparseness", "hoyer")
}
ALIGNMENT: Choices = {"statistic": ("kurtosis", "gini", "hoyer")}
# similarity between layers; that without the input's cannot compare with the input
SIMILARITY: Choices = {"similarity": ("similarity", "similarity_spearman", "cka")}
OF_LAYERS: Choices = {"similarity": ("similarity", "similarity_spearman", "similarity_deconfounded", "cka")}
TOP_IMAGES: Choices = {"top_images": "numbers_of_top_images"}
FLATNESS: Choices = {**TOP_IMAGES, "normalizer": "normalizers"}
# measures that stand for the same property of a unit
SELECTIVITY: Choices = {"selectivity": ("selectivity", "auroc", "informedness", "precision_top_k")}
SUBSTITUTION: Choices = {"substitution": SUBSTITUTIONS}
OUTPUT: Choices = {"effect": ("ablation_kl", "ablation_changed"), "mode": "modes"}
LOSS: Choices = {"effect": ("ablation_loss", "ablation_accuracy"), "mode": "modes"}
GIVEN: Choices = {"given": ("nothing", "mean_activation")}
