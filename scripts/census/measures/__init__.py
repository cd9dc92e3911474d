"""Measures: pure functions from arrays to arrays, one module per quantity measured."""
