"""One image, from whatever file, as pixels of the wanted form."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

# of more pixels than that, each further copy would take hundreds of megabytes
_HUGE = 16_000_000
_BAND = 4_000_000
# formats that Pillow opens by the help of other programs, or to tell their kind only
_NO_IMAGES = {
    "EPS",  # a program that draws, run by Ghostscript where it is installed
    "MPEG",  # a film, of which no frame is decoded
}


@cache
def formats() -> tuple[str, ...]:
    """Return the names of the image formats that Pillow decodes by itself, in the order of its trials.

    What Pillow only recognizes (its stubs: BUFR, GRIB, HDF5, WMF) is none of them.
    """
    Image.init()
    stubs = {each.format for each in ImageFile.StubImageFile.__subclasses__()}
    return tuple(name for name in Image.ID if name not in _NO_IMAGES | stubs)


@cache
def endings() -> frozenset[str]:
    """Return the endings of names of these formats' files, in lower case, with their dots."""
    # a JPEG that holds several images, which the reader of JPEG opens
    known = {*formats(), "MPO"}
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in known)


class DecodedImage(NamedTuple):
    """A labeled image.

    Attributes
    ----------
    pixels : array of uint8, shape (height, width, n_channels).
    label : its class.
    source : where it comes from.
    is_first : whether it is the first of several frames or pages.
    """

    pixels: np.ndarray
    label: int
    source: str
    is_first: bool = False


class Unreadable(NamedTuple):
    """A file that holds no readable image, and why."""

    source: str
    reason: str


class Images(NamedTuple):
    """A data set on its way into a store.

    Attributes
    ----------
    classes : their names, in the order of labels; None where classes have numbers only.
    total : number of files, or of images.
    decoded : each of them, read as it is asked for.
    skipped : files that are no images of a class, and why.
    """

    classes: list[str] | None
    total: int
    decoded: Iterator[DecodedImage | Unreadable]
    skipped: Sequence[Unreadable] = ()


@dataclass(frozen=True)
class Form:
    """The form to which images of all kinds are brought.

    Transparent images are first laid over the background: so the colors of invisible pixels never bleed into
    visible ones. Images are shrunk and enlarged by Pillow's bicubic filter, which widens with the factor by
    which it shrinks (antialiasing), and rings less than Lanczos' at the hard outlines of drawings. Images of
    more than 16 million pixels are averaged over squares of pixels first, to at least three times the size.

    Attributes
    ----------
    size : height and width; None to keep each image's own.
    fit : ``pad``, the whole image in the middle of the square, background around it; ``crop``, the middle of
        the image, its shorter side filling the square; ``stretch``, the whole image, out of proportion.
    background : red, green and blue.
    channels : 3, or 1 for gray.
    """

    size: int | None = None
    fit: str = "pad"
    background: tuple[int, int, int] = (255, 255, 255)
    channels: int = 3

    def gray(self) -> "Form":
        """Return the same form with one channel."""
        return dataclasses.replace(self, channels=1)

    def __call__(self, image: Image.Image) -> np.ndarray:
        """Return an image's pixels, array of uint8, shape (height, width, n_channels).

        Raises
        ------
        ValueError : pixels are of a kind that has no white to scale to.
        """
        if image.format == "PPM" and image.mode == "I":
            # 16 bits, which Pillow scales to 65,535 as white, in 32
            image = Image.fromarray(np.asarray(image).astype(np.uint16))
        mode = "RGB" if self.channels == 3 else "L"
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        image = ImageOps.exif_transpose(image) if turned else image  # which would copy it in any case
        factor = self._factor(image.size) if image.width * image.height > _HUGE else 1
        image = self._averaged(image, factor, mode) if factor > 1 else self._opaque(image).convert(mode)
        if self.size is not None and image.size != (self.size, self.size):
            image = self._square(image, self.size)
        return np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, self.channels)

    def _factor(self, shape: tuple[int, int]) -> int:
        """Return by which whole number an image can be shrunk so that three times the size is left of it."""
        side = max(shape) if self.fit == "pad" else min(shape)
        return side // (3 * self.size) if self.size else 1

    def _averaged(self, image: Image.Image, factor: int, mode: str) -> Image.Image:
        """Return an image shrunk by a whole number, opaque; never all of it is copied at once."""
        height = max(1, _BAND // image.width // factor) * factor
        shrunk = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
        for top in range(0, image.height, height):
            band = image.crop((0, top, image.width, min(top + height, image.height)))
            shrunk.paste(self._opaque(band).convert(mode).reduce(factor), (0, top // factor))
        return shrunk

    def _opaque(self, image: Image.Image) -> Image.Image:
        if image.mode.startswith("I;16") and "transparency" not in image.info:
            # Pillow would cut values off at 255, not scale them
            return Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
        if image.mode[0] in "IF":
            raise ValueError(f"pixels of the kind {image.mode!r} have no defined white")
        if not image.has_transparency_data:
            return image
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (*self.background, 255)), image)

    def _square(self, image: Image.Image, size: int) -> Image.Image:
        if self.fit == "stretch":
            return image.resize((size, size), Image.Resampling.BICUBIC)
        if self.fit == "crop":
            return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
        scale = size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        square = Image.new("RGB", (size, size), self.background).convert(image.mode)
        resized = image.resize((width, height), Image.Resampling.BICUBIC)
        square.paste(resized, ((size - width) // 2, (size - height) // 2))
        return square


def decode(source: str, load: Callable[[], tuple[Image.Image, int]], form: Form) -> DecodedImage | Unreadable:
    """Read one image, and say why where that fails.

    Parameters
    ----------
    source : its name.
    load : returns the image and its label.
    form : the form to which it is brought.
    """
    try:
        image, label = load()
        with image:
            return DecodedImage(form(image), int(label), source, _has_more(image))
    except MemoryError:
        raise  # says nothing about the file
    except UnidentifiedImageError:
        return Unreadable(source, "not in any image format that Pillow knows")
    except Exception as error:  # on damaged files, decoders raise all kinds
        return Unreadable(source, " ".join(f"{type(error).__name__}: {error}".split()))


def _has_more(image: Image.Image) -> bool:
    """Return whether an image that is read is the first of several frames or pages of its file."""
    # the layers of a drawing, and what cameras add to a photograph, are none
    if image.format in ("MPO", "PSD"):
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the next one is damaged
        return True
