"""Forward passes: one per network, checkpoint and data set, writing a store for each layer."""
