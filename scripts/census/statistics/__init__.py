"""Statistics that measures share: ranks, resampling, significance, Gram matrices, top-k in a stream."""
