"""Interventions on a network or its input: ablation of units and activation maximization."""
