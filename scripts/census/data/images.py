"""Decode image files and convert them to pixels of one form."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

# each further copy of an image with more pixels would take hundreds of megabytes
_HUGE = 16_000_000
_BAND = 4_000_000
# formats that Pillow cannot decode by itself
_NO_IMAGES = {
    "EPS",  # a program, which Ghostscript must run
    "MPEG",  # a film, which Pillow recognizes but does not decode
}


@cache
def formats() -> tuple[str, ...]:
    """Return the names of the image formats that Pillow decodes by itself, in the order that it tries them.

    Formats that Pillow only recognizes (its stubs: BUFR, GRIB, HDF5, WMF) are left out.
    """
    Image.init()
    stubs = {each.format for each in ImageFile.StubImageFile.__subclasses__()}
    return tuple(name for name in Image.ID if name not in _NO_IMAGES | stubs)


@cache
def endings() -> frozenset[str]:
    """Return the file endings of :func:`formats`, in lower case, with dots."""
    # MPO: a JPEG with several images, which Pillow's JPEG reader opens
    known = {*formats(), "MPO"}
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in known)


class DecodedImage(NamedTuple):
    """A labeled image.

    Attributes
    ----------
    pixels : array of uint8, shape (height, width, n_channels).
    label : class of the image.
    source : name of the image in its source, such as its path.
    is_first : whether it is the first of several frames or pages.
    """

    pixels: np.ndarray
    label: int
    source: str
    is_first: bool = False


class Unreadable(NamedTuple):
    """A file without a readable image, with the reason."""

    source: str
    reason: str


class Images(NamedTuple):
    """The images of a data set, to be written to a store.

    Attributes
    ----------
    classes : names of the classes in the order of labels; None if classes have only numbers.
    total : number of files or images.
    decoded : iterator that reads one image at a time.
    skipped : files that are not images of a class, with reasons.
    """

    classes: list[str] | None
    total: int
    decoded: Iterator[DecodedImage | Unreadable]
    skipped: Sequence[Unreadable] = ()


@dataclass(frozen=True)
class Form:
    """The form to which all images are converted.

    Transparent images are first composited over the background, so colors of invisible pixels never bleed
    into visible ones. Images are resized by Pillow's bicubic filter, which is antialiased when it shrinks and
    rings less than Lanczos at the hard outlines of drawings. Images of more than 16 million pixels are first
    averaged over squares of pixels, to at least three times the size.

    Attributes
    ----------
    size : height and width in pixels; None to keep each image's own.
    fit : ``pad``, the whole image centered on the background; ``crop``, the center of the image, its shorter
        side filling the square; ``stretch``, the whole image with changed proportions.
    background : red, green and blue, 0–255.
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
        ValueError : the image's mode defines no value of white.
        """
        if image.format == "PPM" and image.mode == "I":
            # 32-bit pixels in which Pillow scales white to 65,535
            image = Image.fromarray(np.asarray(image).astype(np.uint16))
        mode = "RGB" if self.channels == 3 else "L"
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        image = ImageOps.exif_transpose(image) if turned else image  # exif_transpose always copies
        factor = self._factor(image.size) if image.width * image.height > _HUGE else 1
        image = self._averaged(image, factor, mode) if factor > 1 else self._opaque(image).convert(mode)
        if self.size is not None and image.size != (self.size, self.size):
            image = self._square(image, self.size)
        return np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, self.channels)

    def _factor(self, shape: tuple[int, int]) -> int:
        """Return the integer factor that shrinks an image to at least three times the target size."""
        side = max(shape) if self.fit == "pad" else min(shape)
        return side // (3 * self.size) if self.size else 1

    def _averaged(self, image: Image.Image, factor: int, mode: str) -> Image.Image:
        """Return an opaque image shrunk by an integer factor, without copying the whole image at once."""
        height = max(1, _BAND // image.width // factor) * factor
        shrunk = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
        for top in range(0, image.height, height):
            band = image.crop((0, top, image.width, min(top + height, image.height)))
            shrunk.paste(self._opaque(band).convert(mode).reduce(factor), (0, top // factor))
        return shrunk

    def _opaque(self, image: Image.Image) -> Image.Image:
        if image.mode.startswith("I;16") and "transparency" not in image.info:
            # Pillow would clip values at 255 instead of scaling them
            return Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
        if image.mode[0] in "IF":
            raise ValueError(f"pixels of the mode {image.mode!r} have no defined white")
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
    """Read one image; if that fails, return the reason.

    Parameters
    ----------
    source : name of the image.
    load : function that returns the image and its label.
    form : target form of the image.
    """
    try:
        image, label = load()
        with image:
            return DecodedImage(form(image), int(label), source, _has_more(image))
    except MemoryError:
        raise  # not a fault of the file
    except UnidentifiedImageError:
        return Unreadable(source, "not in an image format that Pillow knows")
    except Exception as error:  # decoders raise many kinds of exceptions on damaged files
        return Unreadable(source, " ".join(f"{type(error).__name__}: {error}".split()))


def _has_more(image: Image.Image) -> bool:
    """Return whether a loaded image is the first of several frames or pages of its file."""
    # layers of a drawing, and the extra images that cameras add to a photograph, are not frames
    if image.format in ("MPO", "PSD"):
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the next frame is damaged
        return True
