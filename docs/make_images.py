"""Write the images of the README and of the tutorial, from the finished default and quick studies.

Called by ``make images``; it needs Chromium. Arguments ``readme`` and ``tutorial`` write only these images. A
palette makes images a third as large.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image

DOCS = Path(__file__).parent
ROOT = DOCS.parent
COLORS = 256


class Shot(NamedTuple):
    """A screenshot of the atlas.

    Attributes
    ----------
    results : folder of the study's results, relative to the repository.
    address : the part of the page's address after ``#/``.
    size : width and height of the window, in pixels.
    image : the file to write, relative to this folder.
    """

    results: str
    address: str
    size: tuple[int, int]
    image: str


QUICK = "studies/quick/results"
CLOTHES = "cnn-small/fashion_mnist/relu5/22"
ANIMALS = "squeezenet1_1/stamps/features.10.squeeze_activation/45"
SEARCH = "search?where=selectivity_corrected:above:0.7&sort=-selectivity_corrected"
SHOTS = {
    "readme": [Shot("results", ANIMALS, (1280, 1240), "images/unit.png")],
    "tutorial": [
        Shot(QUICK, CLOTHES, (1280, 1180), "tutorial/images/unit.png"),
        Shot(QUICK, SEARCH, (1280, 560), "tutorial/images/search.png"),
    ],
}
# figures of the quick study that the tutorial shows, by the name of the image
FIGURES = {"tutorial/images/selectivity.png": "figures/selectivity/cnn-small/fashion_mnist/depth.png"}


def save(image: Image.Image, path: Path) -> None:
    """Save an image with a palette of the colors that differ most."""
    # not the palette of the most frequent colors, which are white and gray
    method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    path.parent.mkdir(exist_ok=True)
    image.convert("RGB").quantize(COLORS, method, dither=dither).save(path, optimize=True)


def shoot(shot: Shot) -> None:
    """Open a page of the atlas in a headless browser, and save a screenshot."""
    atlas = ROOT / shot.results / "atlas" / "index.html"
    if not atlas.is_file():
        sys.exit(f"{atlas} is missing: run `make study` and `make quick` first")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shot.png"
        # Chromium has no sandbox for root
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        ended = subprocess.run(
            [
                *("chromium", "--headless=new", "--disable-gpu", "--hide-scrollbars", *sandbox),
                *(f"--window-size={shot.size[0]},{shot.size[1]}", "--virtual-time-budget=20000"),
                *(f"--screenshot={file}", f"{atlas.resolve().as_uri()}#/{shot.address}"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        # Chromium's warnings on a machine without a desktop matter only if it fails
        if not file.is_file():
            sys.exit(f"Chromium ended with status {ended.returncode}:\n{ended.stderr}")
        with Image.open(file) as image:
            save(image, DOCS / shot.image)


def main(wanted: list[str]) -> None:
    """Write the images of the named pages, or all images."""
    for page, shots in SHOTS.items():
        if not wanted or page in wanted:
            for shot in shots:
                shoot(shot)
    if not wanted or "tutorial" in wanted:
        for name, figure in FIGURES.items():
            with Image.open(ROOT / QUICK / figure) as image:
                save(image, DOCS / name)


if __name__ == "__main__":
    main(sys.argv[1:])
