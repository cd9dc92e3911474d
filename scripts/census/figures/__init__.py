"""Figures, drawn from stored numbers only, all in one style."""
