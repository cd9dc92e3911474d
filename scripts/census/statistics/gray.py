"""How red, green and blue make gray: one definition for networks that see gray, and for what they saw."""

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow converts to gray
