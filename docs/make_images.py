"""Write docs/images/unit.png, a unit's page in the atlas of the finished default study.

Called by ``make images``; it needs Chromium. A palette makes the image a third as large.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGE = Path(__file__).parent / "images" / "unit.png"
UNIT = "squeezenet1_1/stamps/features.10.squeeze_activation/45"
# of the window, in pixels
SIZE = (1280, 1240)
COLORS = 256


def main(atlas: Path) -> None:
    """Open the page in a headless browser, and save what it shows."""
    if not atlas.is_file():
        sys.exit(f"{atlas} is missing: run the default study first, with `make study`")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        # Chromium has no sandbox for root
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        ended = subprocess.run(
            [
                *("chromium", "--headless=new", "--disable-gpu", "--hide-scrollbars", *sandbox),
                *(f"--window-size={SIZE[0]},{SIZE[1]}", "--virtual-time-budget=20000"),
                *(f"--screenshot={shot}", f"{atlas.resolve().as_uri()}#/{UNIT}"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        # what Chromium remarks on a machine without a desktop is of interest only if it fails
        if not shot.is_file():
            sys.exit(f"Chromium ended with status {ended.returncode}:\n{ended.stderr}")
        # the colors that differ most, and not those of most pixels: these are white and gray
        method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
        with Image.open(shot) as image:
            image.convert("RGB").quantize(COLORS, method, dither=dither).save(IMAGE, optimize=True)


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "results" / "atlas" / "index.html")
