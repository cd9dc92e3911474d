"""Overcomplete: its top-k sparse autoencoder, with its own training loop."""

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from census.networks.operators import torchvision_ready

torchvision_ready()
# importing it imports its figures, which need a function that Matplotlib no longer has under this name
matplotlib.cm.get_cmap = matplotlib.colormaps.get_cmap  # type: ignore[attr-defined]

from overcomplete.sae import TopKSAE, train_sae  # noqa: E402


def fit(
    vectors: NDArray[np.float32], count: int, active: int, steps: int, batch: int, learning_rate: float
) -> NDArray[np.float32]:
    """Return directions that are fitted to vectors.

    A linear encoder, the squared error, Adam and its one-cycle schedule: what our autoencoder has as well.
    """
    torch.manual_seed(0)
    values = torch.from_numpy(vectors)
    # as our autoencoder does it: a mean square of 1, so that the rate does not depend on the scale
    data = TensorDataset(values / values.square().sum(1).mean().sqrt())
    sampler = RandomSampler(data, replacement=True, num_samples=steps * batch)
    encoder = _Linear(values.shape[1], count)
    model = TopKSAE(values.shape[1], count, top_k=active, encoder_module=encoder)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, learning_rate, total_steps=steps, pct_start=0.05)
    train_sae(
        model,
        DataLoader(data, batch, sampler=sampler),
        lambda x, x_hat, *_: (x - x_hat).square().sum(1).mean(),
        adam,
        schedule,
        nb_epochs=1,
        monitoring=0,
    )
    return model.get_dictionary().detach().numpy()


class _Linear(torch.nn.Linear):
    """An encoder without its default's batch normalization, which centers vectors."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return codes before and after the activation function."""
        codes = super().forward(x)
        return codes, codes.relu()
