"""Weights of red, green and blue in gray, for the input of networks and for images shown to the reader."""

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow converts to gray
