"""The tables of directions: what their columns are."""

from census.measures.columns import Flags, Floats, Integers, Table, Texts, column, count, share
from census.statistics.bootstrap import Estimate


class Spectrum(Table, per="component"):
    """The components of a layer."""

    component: Integers = count("number of the component, the largest eigenvalue first", "", least=1)
    singular_value: Floats = column("singular value of the component", range=(0, None))
    eigenvalue: Floats = column(
        "eigenvalue of the component: its squared singular value divided by the number of neurons",
        range=(0, None),
    )
    explained_variance: Floats = share("share of the component in the sum of all eigenvalues")
    reconstruction_error: Floats = share(
        "relative error of the reconstruction from the components up to this one"
    )
    reconstruction_error_absolute: Floats = column(
        "absolute error (Frobenius norm) of the reconstruction from the components up to this one",
        range=(0, None),
    )
    held_out_error: Floats = column(
        "relative error of the reconstruction of held-out images from the components up to this one",
        range=(0, None),
    )
    permuted_eigenvalue: Floats | None = column(
        "largest eigenvalue over permutations of the activations; null without permutations", range=(0, None)
    )


class Directions(Table, per="direction of neurons"):
    """Directions of several families, one after the other."""

    family: Texts = column(
        "`svd` (singular vectors), `variance` (neurons of highest variance), `neuron` (random neurons) or "
        "`projection` (random directions)"
    )
    number: Integers = count("number of the direction in its family", "")
    neuron: Integers = column("number of the neuron; null for other directions", range=(0, None))
    unit: Integers = column("unit of the neuron; null for other directions", range=(0, None))
    score_variance: Floats = column("variance of scores over images", range=(0, None))
    above_quantile: Flags = column("whether a random direction has a variance above `variance_quantile`")
    class_entropy: Floats = column(
        "entropy of the classes of the images at the two extremes, mean of both", unit="bits", range=(0, None)
    )
    class_entropy_top: Floats = column(
        "entropy of the classes of the images with the highest scores", unit="bits", range=(0, None)
    )
    class_entropy_bottom: Floats = column(
        "entropy of the classes of the images with the lowest scores", unit="bits", range=(0, None)
    )


class Units(Table, per="unit"):
    """Units by their variance."""

    variance: Floats = column(
        "variance over images of the normalized activation, mean over the unit's neurons",
        "Zhang 2015",
        range=(0, None),
    )


class Components(Table, per="layer"):
    """How many components a layer has, and how much the first of them explain."""

    n_neurons: int = count("neurons of the layer: units times positions", "neurons", least=1)
    n_map_images: int = count("images with activation maps", "images")
    n_images: int = count("images whose activation vectors are decomposed", "images")
    n_misclassified_images: int = count("images left out because the network misclassifies them", "images")
    n_undefined_vectors: int = count("activation vectors that are constant or not finite", "images")
    components: int = column("value of the parameter `components`", range=(2, None))
    permutations: int = column("value of the parameter `permutations`", range=(1, None))
    top: int = column("value of the parameter `top`", range=(1, None))
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    n_components: int = count("number of components that were computed", "components")
    matched_images: int = column("value of the parameter `matched_images`", range=(2, None))
    matched_neurons: int = column("value of the parameter `matched_neurons`", range=(2, None))
    threshold: float | None = column("value of the parameter `threshold`; null for none", range=(0, None))
    n_components_above_threshold: int | None = count(
        "components with a singular value above `threshold`; null without a threshold", "components"
    )
    participation_ratio: Estimate = column(
        "participation ratio: squared sum of all eigenvalues divided by the sum of their squares",
        "Gao et al. 2017",
        range=(1, None),
    )
    participation_ratio_matched: Estimate = column(
        "participation ratio expected for `matched_images` images", range=(1, None)
    )
    reconstruction_error: float = column(
        "relative error of the reconstruction from the first {components} components",
        "Zhang 2015",
        range=(0, 1),
        name="reconstruction_error_{components}",
    )
    reconstruction_error_absolute: float = column(
        "absolute error (Frobenius norm) of the reconstruction from the first {components} components",
        range=(0, None),
        name="reconstruction_error_{components}_absolute",
    )
    held_out_error: float = column(
        "relative error of the reconstruction of held-out images from the first {components} components",
        "ours",
        range=(0, 1),
        name="held_out_error_{components}",
    )


class Layer(Components, per="layer"):
    """The same, and how directions of several families compare.

    These are compared in the untrained and the final network: NaN is undefined, null was not measured.
    """

    n_constant_neurons: float | None = count("neurons with the same value on all images", "neurons")
    n_significant_components: float | None = column(
        "significant components by parallel analysis: leading ones with larger eigenvalues than in all "
        "permutations; the first also if the second is",
        "Horn 1965",
        range=(0, None),
    )
    n_significant_components_matched: float | None = column(
        "significant components of `matched_neurons` neurons of the layer; NaN if it has fewer",
        "Horn 1965",
        range=(0, None),
    )
    redundancy_svd: Estimate | None = share(
        "redundancy of singular vectors: mean overlap of the top images of two of them", "Zhang 2015"
    )
    redundancy_variance: Estimate | None = share(
        "redundancy of the neurons of highest variance: mean overlap of the top images of two of them",
        "Zhang 2015",
    )
    redundancy_random: Estimate | None = share(
        "redundancy of random directions: mean overlap of the top images of two of them", "Zhang 2015"
    )
    redundancy_bottom_svd: Estimate | None = share(
        "mean overlap of the bottom images of two singular vectors"
    )
    redundancy_bottom_variance: Estimate | None = share(
        "mean overlap of the bottom images of two neurons of highest variance"
    )
    redundancy_bottom_random: Estimate | None = share(
        "mean overlap of the bottom images of two random directions"
    )
    redundancy_difference: Estimate | None = column(
        "`redundancy_variance` minus `redundancy_svd`", "ours", range=(-1, 1)
    )
    redundancy_chance: float | None = share("mean overlap of two sets of images drawn at random", "ours")
    rho_entropy_sigma: Estimate | None = column(
        "rank correlation, over components, of singular value and class entropy of extreme images",
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
        "mean class entropy of the neurons of highest variance", unit="bits", range=(0, None)
    )
    class_entropy_random: float | None = column(
        "mean class entropy of random directions", unit="bits", range=(0, None)
    )


COMPARISONS = Layer.columns()[len(Components.columns()) :]
"""What is known of a layer only where its directions were compared."""
