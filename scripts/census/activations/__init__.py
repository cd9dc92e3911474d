"""One forward pass per network, checkpoint and data set, and the store of each layer that it fills."""
