"""Forward passes: one per network, checkpoint and data set, which fills the store of each layer."""
