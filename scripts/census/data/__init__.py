"""Data sets of labeled images: fetching them, and converting them to the format of all later jobs."""
