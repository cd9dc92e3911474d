"""Zarr stores: writing, checking and reading them, and the paths of layers."""
