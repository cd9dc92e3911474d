"""Where labeled images come from, and the one form in which everything downstream reads them."""
