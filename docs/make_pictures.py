"""Write the README's pictures into docs/images, from the figures of a finished default study.

Called by ``make pictures``. A palette makes them a third as large, and looks the same.
"""

import sys
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).with_name("images")
# by the picture's name, the figure
PICTURES = {
    "claims.png": "claims.png",
    "squeezenet1_1-stamps-depth.png": "sparsity/squeezenet1_1/stamps/depth.png",
}
COLORS = 256


def main(figures: Path) -> None:
    """Write all pictures."""
    for name, figure in PICTURES.items():
        if not (figures / figure).exists():
            sys.exit(f"{figures / figure} is missing: run the default study first, with `make study`")
        # the colors that differ most, and not those of most pixels: these are white and gray
        method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
        picture = Image.open(figures / figure).convert("RGB").quantize(COLORS, method, dither=dither)
        picture.save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "results/figures")
