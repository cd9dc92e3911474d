"""Calls for notebooks: record a network of one's own, and measure its layers, without a study."""
