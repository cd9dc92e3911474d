"""Functions of arrays that measures and claims share; they open no file.

What need not be in memory at once comes as an iterable of blocks. An array in memory is a list of one block:
``top_images([(images, values, positions)], n_units, k)``.
"""
