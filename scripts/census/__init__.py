"""Neuron Census: what single units in vision networks encode."""

__version__ = "0.1.0"
