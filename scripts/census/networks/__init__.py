"""Architectures, their weights, their training, and the named tensors of their forward pass."""
