"""A top-k sparse autoencoder: directions of which few are active at a time, learned by gradient descent.

References
----------
Makhzani & Frey (2014), k-sparse autoencoders, ICLR. Gao et al. (2025), Scaling and evaluating sparse
autoencoders, ICLR. Bricken et al. (2023), Towards monosemanticity: decomposing language models with
dictionary learning, Transformer Circuits Thread, for features that are revived.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from census.statistics.streams import seed_of

BATCH = 256
WARM_UP = 0.05  # share of the steps in which the learning rate rises
REVIVED_UNTIL = 0.75  # share of the steps; later, a new feature would have too little time
REVIVALS = 12  # how often features are looked at until then


class Autoencoder(NamedTuple):
    """What an autoencoder has learned.

    Attributes
    ----------
    directions : array of float32, shape (n_features, n_units), of length 1: what a feature adds to a vector.
    energies : array of float64, shape (n_features,), sum of the squared code over the vectors; 0 for a dead
        feature, which is active on none.
    loss : mean squared error over mean square of the vectors, in the last tenth of the steps; NaN or infinite
        if the search diverged.
    """

    directions: NDArray[np.float32]
    energies: NDArray[np.float64]
    loss: float


def fit_autoencoder(
    vectors: NDArray[np.floating],
    n_features: int,
    active: int,
    steps: int,
    learning_rate: float,
    seed: int,
) -> Autoencoder:
    """Fit a top-k sparse autoencoder.

    A vector ``x`` has the code ``z``, the ``k`` largest of ``relu(W x + b)``, and is rebuilt as ``D z``. The
    rows of ``D`` have length 1. There is no offset: the active features alone make up the vector. Adam
    minimizes the squared error, with a rate that rises, and falls to 0. From time to time, features that
    were never active since are set to parts of vectors that were rebuilt badly.

    Parameters
    ----------
    vectors : array of float, shape (n_vectors, n_units), finite; at least one is not 0.
    n_features : features of the autoencoder.
    active : k, at most ``n_features``.
    steps : gradient steps, each on 256 vectors.
    learning_rate : the largest of Adam.
    seed : of the start, and of the order of vectors.

    Examples
    --------
    >>> axes = np.eye(3).repeat(100, axis=0)
    >>> fit_autoencoder(axes, 3, 1, 400, 0.01, seed=0).directions.round(1).max(0).tolist()
    [1.0, 1.0, 1.0]
    """
    random = torch.Generator().manual_seed(seed_of(seed, "autoencoder") % 2**63)
    # the square of a vector is 1 on average, so that rates do not depend on the layer's scale
    scale = math.sqrt(float(np.mean(np.einsum("vu,vu->v", vectors, vectors, dtype=np.float64))))
    data = torch.from_numpy((vectors / scale).astype(np.float32))
    decoder = _rows_of_length_1(torch.randn(n_features, data.shape[1], generator=random))
    encoder, bias = decoder.clone(), torch.zeros(n_features)
    parameters = [decoder, encoder, bias]
    adam = torch.optim.Adam(parameters, lr=learning_rate, fused=True)

    def encoded(batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the k largest features of vectors, and which they are."""
        largest = torch.addmm(bias, batch, encoder.T).topk(active, dim=1, sorted=False)
        return largest.values.relu(), largest.indices

    every = max(1, round(REVIVED_UNTIL * steps / REVIVALS))
    uses, losses = torch.zeros(n_features), []
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = learning_rate * _rate(step / steps)
        batch = data[torch.randint(len(data), (min(BATCH, len(data)),), generator=random)]
        values, places = encoded(batch)
        code = torch.zeros(len(batch), n_features).scatter_(1, places, values)
        residual = torch.addmm(batch, code, decoder, alpha=-1)
        # the gradient in closed form, in two thirds of the time that automatic differentiation takes
        slope = residual * (-2 / len(batch))
        back = (slope @ decoder.T) * (code > 0)
        encoder.grad, bias.grad, decoder.grad = back.T @ batch, back.sum(0), code.T @ slope
        # along a direction, a gradient would change its length only
        decoder.grad -= (decoder.grad * decoder).sum(1, keepdim=True) * decoder
        adam.step()
        decoder.copy_(_rows_of_length_1(decoder))
        uses += (code > 0).sum(0)
        if step >= 0.9 * steps:
            losses.append(residual.square().sum(1).mean().item())
        if (step + 1) % every == 0 and step < REVIVED_UNTIL * steps:
            (dead,) = torch.nonzero(uses == 0, as_tuple=True)
            _revive(dead, parameters, adam, residual, random)
            uses.zero_()
    energies = torch.zeros(n_features, dtype=torch.float64)
    for batch in data.split(4096):
        values, places = encoded(batch)
        energies.index_add_(0, places.ravel(), values.ravel().double() ** 2)
    return Autoencoder(
        decoder.numpy(), energies.numpy() * scale**2, float(np.mean(losses)) if losses else math.nan
    )


def _rate(done: float) -> float:
    """Return the share of the learning rate when a share of the steps is done."""
    return min(1, done / WARM_UP) * (1 - done)


def _rows_of_length_1(rows: torch.Tensor) -> torch.Tensor:
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)


def _revive(
    dead: torch.Tensor,
    parameters: list[torch.Tensor],
    adam: torch.optim.Optimizer,
    residual: torch.Tensor,
    random: torch.Generator,
) -> None:
    """Set dead features to what is left of vectors that were rebuilt badly; Adam forgets what it knew."""
    if not len(dead):
        return
    errors = residual.square().sum(1)
    if not bool(torch.isfinite(errors).all()) or not bool((errors > 0).any()):
        return
    decoder, encoder, bias = parameters
    chosen = torch.multinomial(errors, len(dead), replacement=True, generator=random)
    directions = _rows_of_length_1(residual[chosen])
    decoder[dead], encoder[dead], bias[dead] = directions, directions, 0.0
    for each in parameters:
        for name in ("exp_avg", "exp_avg_sq"):
            adam.state[each][name][dead] = 0
