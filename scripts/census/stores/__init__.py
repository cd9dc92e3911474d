"""Files of arrays: how Zarr stores are written, checked and read, and the paths of layers."""
