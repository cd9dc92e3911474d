"""Functions of arrays that measures and claims share; they open no file.

Data that may not fit in memory are passed as an iterable of blocks. Pass an array in memory as a list of one
block: ``top_images([(images, values, positions)], n_units, k)``.
"""
