"""The tables of directions: what their columns are."""

from census.measures.columns import Flags, Floats, Integers, Table, Texts, column, count, share
from census.statistics.bootstrap import Estimate


class Spectrum(Table, per="component"):
    """The components of a layer."""

    component: Integers = count("number of the component, the strongest first", "", least=1)
    singular_value: Floats = column("its singular value", range=(0, None))
    eigenvalue: Floats = column("eigenvalue, the squared singular value per neuron", range=(0, None))
    explained_variance: Floats = share("share of the eigenvalues of all components")
    reconstruction_error: Floats = share("relative error of the reconstruction from it and those before it")
    reconstruction_error_absolute: Floats = column("the same, not relative", range=(0, None))
    held_out_error: Floats = column(
        "the same as the relative error, for images that had no part in finding the components",
        range=(0, None),
    )
    permuted_eigenvalue: Floats | None = column(
        "largest eigenvalue in permuted vectors; null where none were permuted", range=(0, None)
    )


class Directions(Table, per="direction"):
    """Directions of several families, one after the other."""

    family: Texts = column("`svd`, `variance`, `neuron` or `projection`")
    number: Integers = count("place of the direction in its family", "")
    neuron: Integers = column("place of the neuron; null for what is none", range=(0, None))
    unit: Integers = column("the neuron's unit; null for what is no neuron", range=(0, None))
    score_variance: Floats = column("variance of scores over images", range=(0, None))
    above_quantile: Flags = column("whether it is a random direction of high variance")
    class_entropy: Floats = column(
        "entropy of the classes of the images at its ends, mean of both", unit="bits", range=(0, None)
    )
    class_entropy_top: Floats = column("the same at the top", unit="bits", range=(0, None))
    class_entropy_bottom: Floats = column("the same at the bottom", unit="bits", range=(0, None))


class Units(Table, per="unit"):
    """Units by their variance."""

    variance: Floats = column(
        "mean, over the unit's neurons, of the variance over images of the normalized activation",
        "Zhang 2015",
        range=(0, None),
    )


class Components(Table, per="layer"):
    """How many components a layer has, and how much the first of them explain."""

    n_neurons: int = count("neurons of the layer: units times positions", "neurons", least=1)
    n_map_images: int = count("images with activation maps", "images")
    n_images: int = count("images whose vectors are decomposed", "images")
    n_misclassified_images: int = count("images left out because they are misclassified", "images")
    n_undefined_vectors: int = count("vectors that are constant or not finite", "images")
    components: int = column("the parameter of that name", range=(2, None))
    permutations: int = column("the parameter of that name", range=(1, None))
    top: int = column("the parameter of that name", range=(1, None))
    resamples: int = column("the parameter of that name", range=(100, None))
    n_components: int = count("components found", "components")
    matched_images: int = column("the parameter of that name", range=(2, None))
    threshold: float | None = column("the parameter of that name", range=(0, None))
    n_components_above_threshold: int | None = count(
        "components whose singular value is above the threshold; null without one", "components"
    )
    participation_ratio: Estimate = column(
        "squared sum over sum of squares of the eigenvalues of all components",
        "Gao et al. 2017",
        range=(1, None),
    )
    participation_ratio_matched: Estimate = column("the same for `matched_images`", range=(1, None))
    reconstruction_error: float = column(
        "relative error of the reconstruction from the first {components} components",
        "Zhang 2015",
        range=(0, 1),
        name="reconstruction_error_{components}",
    )
    reconstruction_error_absolute: float = column(
        "the same, not relative", range=(0, None), name="reconstruction_error_{components}_absolute"
    )
    held_out_error: float = column(
        "the same for images that had no part in finding the components",
        "ours",
        range=(0, 1),
        name="held_out_error_{components}",
    )


class Layer(Components, per="layer"):
    """The same, and how directions of several families compare.

    These are compared in the untrained and the final network: NaN is undefined, null was not measured.
    """

    n_constant_neurons: float | None = count("neurons that are the same on all images", "neurons")
    n_significant_components: float | None = column(
        "components stronger than in permuted vectors", "Horn 1965", range=(0, None)
    )
    redundancy_svd: Estimate | None = share(
        "mean overlap of the top images of two singular vectors", "Zhang 2015"
    )
    redundancy_variance: Estimate | None = share("the same for the neurons of highest variance", "Zhang 2015")
    redundancy_random: Estimate | None = share("the same for random directions", "Zhang 2015")
    redundancy_bottom_svd: Estimate | None = share("overlap of the bottom images of two singular vectors")
    redundancy_bottom_variance: Estimate | None = share("the same for the neurons of highest variance")
    redundancy_bottom_random: Estimate | None = share("the same for random directions")
    redundancy_difference: Estimate | None = column(
        "`redundancy_variance` minus `redundancy_svd`", "ours", range=(-1, 1)
    )
    redundancy_chance: float | None = share("the same for images drawn at random", "ours")
    rho_entropy_sigma: Estimate | None = column(
        "rank correlation, over components, of singular value and class entropy of the images at both ends",
        "Zhang 2015",
        range=(-1, 1),
    )
    class_entropy_chance: float | None = column(
        "mean class entropy of images drawn at random", unit="bits", range=(0, None)
    )
    class_entropy_svd: float | None = column(
        "mean class entropy of singular vectors", unit="bits", range=(0, None)
    )
    class_entropy_variance: float | None = column(
        "the same for the neurons of highest variance", unit="bits", range=(0, None)
    )
    class_entropy_random: float | None = column(
        "the same for random directions", unit="bits", range=(0, None)
    )


COMPARISONS = Layer.columns()[len(Components.columns()) :]
"""What is known of a layer only where its directions were compared."""
