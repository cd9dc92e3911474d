"""Fetching: exactly the requested files, or nothing.

The programs called are the real ones, with packages made here; only apt-get, which needs a repository, is a
script.
"""

import errno
import gzip
import hashlib
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from census.data import fetch as module
from census.data.downloads import SOURCES, DebianPackage, PyPIArchive, Source
from census.data.fetch import fetch, listing_digest
from census.errors import StudyError

LOG = logging.getLogger("test")
FILES = {"a/1.png": b"one", "b/2.png": b"two"}
with_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is of Debian and Ubuntu")


def digest_of(files):
    """Return the digest that is to be pinned for files, by the definition in census.data.downloads."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def pinned(archive, files=FILES, folder="usr/share/pictures", pattern="*.png", **options):
    return Source(
        archive=archive,
        download="1 kB",
        folder=folder,
        pattern=pattern,
        files=len(files),
        sha256=options.pop("sha256", digest_of(files)),
        license="MIT",
        instead="or take others",
        **options,
    )


@pytest.fixture
def sources(monkeypatch):
    """An empty table of sources, to which the test adds its own."""
    table = {}
    monkeypatch.setattr(module, "SOURCES", table)
    return table


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An apt-get that "downloads" a package of the given files; it fails where there are none."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(files=None, before=""):
        take = 'echo "E: Unable to locate package pictures"; exit 100'
        if files is not None:
            root = tmp_path / "package"
            for name, content in {**files, "DEBIAN/control": CONTROL}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(content)
            # a second name of a file is no further file
            link = root / "usr/share/pictures/c/link.png"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to("../a/1.png")
            subprocess.run(
                ["dpkg-deb", "--build", root, tmp_path / "made.deb"], check=True, capture_output=True
            )
            take = f'cp "{tmp_path}/made.deb" pictures_1_all.deb'
        script = f'#!/bin/sh\n{before}\ncase "$*" in *download*) {take};; esac\n'
        program(folder, "apt-get", script)

    return make


CONTROL = b"""Package: pictures
Version: 1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: pictures
"""
PACKAGE = {f"usr/share/pictures/{name}": content for name, content in FILES.items()} | {
    "usr/share/pictures/a/1.ogg": b"sound",
    "usr/share/other/3.png": b"three",
}


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@with_dpkg
def test_extracts_the_requested_files_of_a_debian_package(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(PACKAGE)
    fetch("pictures", tmp_path / "sources" / "with space", LOG)
    assert content(tmp_path / "sources" / "with space") == FILES
    assert [path.name for path in (tmp_path / "sources").iterdir()] == ["with space"]


@with_dpkg
def test_unpacks_compressed_files(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"), {"1": b"one"}, pattern="*.gz")
    apt({"usr/share/pictures/1.gz": gzip.compress(b"one")})
    fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert content(tmp_path / "sources" / "x") == {"1": b"one"}


@with_dpkg
def test_a_failing_update_is_no_failure_if_the_package_is_found(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(PACKAGE, 'case "$*" in *update) echo "E: a hook failed"; exit 100;; esac')
    fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert content(tmp_path / "sources" / "x") == FILES


@with_dpkg
def test_wrong_digest_leaves_nothing(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"), sha256="0" * 64)
    apt(PACKAGE)
    with pytest.raises(
        StudyError, match=rf"pictures could not be fetched: .* {digest_of(FILES)} instead of 2"
    ):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


@with_dpkg
def test_too_few_files_leave_nothing(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt({"usr/share/pictures/a/1.png": b"one"})
    with pytest.raises(StudyError, match="differs from the expected one: 1 files"):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


@with_dpkg
def test_damaged_package(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(PACKAGE)
    package = tmp_path / "made.deb"
    package.write_bytes(package.read_bytes()[:-60])
    with pytest.raises(StudyError, match=r"archive is damaged|dpkg-deb cannot unpack"):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


@with_dpkg
def test_no_network_for_apt(tmp_path, sources, apt):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(None, 'case "$*" in *update) echo "W: Failed to fetch x  Could not resolve y";; esac')
    with pytest.raises(
        StudyError,
        match=r"^pictures could not be fetched: apt-get cannot download the package pictures; it says: "
        r"W: Failed to fetch x .* / E: Unable to locate package pictures\. Run again .*; or take others$",
    ):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


@with_dpkg
@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StudyError, "no space is left on the device"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
)
def test_interrupted_midway(tmp_path, sources, apt, monkeypatch, error, raised, message):
    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(PACKAGE)
    taken = []

    def take_one(path, *others):
        taken.append(path)
        if len(taken) > 2:
            raise error
        return take(path, *others)

    take = module._take
    monkeypatch.setattr(module, "_take", take_one)
    with pytest.raises(raised, match=message):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert len(taken) == 3
    assert list((tmp_path / "sources").iterdir()) == []


@with_dpkg
def test_killed_midway(tmp_path, sources, apt):
    """What a killed run leaves is not taken for a result, and gone after the next run."""
    apt(PACKAGE, f'case "$*" in *download*) touch "{tmp_path}/started"; sleep 60;; esac')
    destination = tmp_path / "sources" / "x"
    call = (
        f"import logging, pathlib; fetch('fashion-mnist', pathlib.Path({str(destination)!r}), logging.root)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"from census.data.fetch import fetch; {call}"],
        env={**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])},
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    assert (tmp_path / "started").exists()
    assert [path.name for path in destination.parent.iterdir()] == [".x.unfinished"]

    sources["pictures"] = pinned(DebianPackage("pictures"))
    apt(PACKAGE)
    fetch("pictures", destination, LOG)
    assert content(destination) == FILES
    assert list(destination.parent.iterdir()) == [destination]


def test_without_apt(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))
    with pytest.raises(
        StudyError,
        match=r"^tuxpaint-stamps could not be fetched.* missing here: apt-get, dpkg-deb\..*`source: folder`$",
    ):
        fetch("tuxpaint-stamps", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


def test_without_apt_torchvision_takes_over(tmp_path, sources, served, monkeypatch):
    """torchvision downloads the same files, here from this machine."""
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    from torchvision.datasets import FashionMNIST

    (mirror, address), files, resources = served, {}, []
    for stem in ("train", "t10k"):
        for kind, header in (
            ("images-idx3", [3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
            ("labels-idx1", [1, 0, 0, 0, 1]),
        ):
            name = f"{stem}-{kind}-ubyte"
            files[name] = bytes([0, 0, 8, *header, 5])
            packed = gzip.compress(files[name])
            (mirror / f"{name}.gz").write_bytes(packed)
            resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(FashionMNIST, "mirrors", [address])
    monkeypatch.setattr(FashionMNIST, "resources", resources)
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))
    sources["fashion"] = pinned(
        DebianPackage("none"), files, pattern="*-ubyte.gz", torchvision="FashionMNIST"
    )
    fetch("fashion", tmp_path / "sources" / "x", LOG)
    assert content(tmp_path / "sources" / "x") == files

    monkeypatch.setattr(FashionMNIST, "resources", [(name, "0" * 32) for name, _ in resources])
    with pytest.raises(StudyError, match="fashion could not be fetched: torchvision says: "):
        fetch("fashion", tmp_path / "sources" / "y", LOG)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == ["x"]


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A folder from which pip takes its archives, and from nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


METADATA = "Metadata-Version: 2.1\nName: pictures\nVersion: 1.0\n"


def make_wheel(folder, files):
    path = folder / "pictures-1.0-py3-none-any.whl"
    extra = {"METADATA": METADATA, "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n", "RECORD": ""}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {f"pictures-1.0.dist-info/{key}": value for key, value in extra.items()}.items():
            archive.writestr(name, text)
        for name, data in files.items():
            archive.writestr(name, data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_extracts_the_requested_files_of_a_wheel(tmp_path, sources, pip):
    sha256 = make_wheel(pip, {"pictures/1.png": b"one", "pictures/code.py": b"", "other/2.png": b"two"})
    archive = PyPIArchive("pictures==1.0", sha256, wheel=True)
    sources["pictures"] = pinned(archive, {"1.png": b"one"}, folder="pictures")
    fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert content(tmp_path / "sources" / "x") == {"1.png": b"one"}


def test_extracts_the_requested_file_of_a_source_distribution(tmp_path, sources, pip):
    path = pip / "pictures-1.0.tar.gz"
    files = {
        "PKG-INFO": METADATA.encode(),
        "setup.py": b"import setuptools; setuptools.setup(name='pictures', version='1.0')",
        "pictures/1.png": b"one",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"pictures-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    archive = PyPIArchive("pictures==1.0", hashlib.sha256(path.read_bytes()).hexdigest(), wheel=False)
    sources["pictures"] = pinned(archive, {"1.png": b"one"}, folder="pictures-1.0/pictures")
    fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert content(tmp_path / "sources" / "x") == {"1.png": b"one"}


def test_an_archive_with_another_digest(tmp_path, sources, pip):
    make_wheel(pip, {"pictures/1.png": b"one"})
    archive = PyPIArchive("pictures==1.0", "0" * 64, wheel=True)
    sources["pictures"] = pinned(archive, {"1.png": b"one"}, folder="pictures")
    with pytest.raises(StudyError, match=r"pip cannot download pictures==1\.0; it says: .*(?i:hash)"):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


def test_path_out_of_the_folder_is_refused(tmp_path, sources, pip):
    sha256 = make_wheel(pip, {"pictures/../../../../evil.png": b"evil"})
    archive = PyPIArchive("pictures==1.0", sha256, wheel=True)
    sources["pictures"] = pinned(archive, {"evil.png": b"evil"}, folder="pictures")
    with pytest.raises(StudyError, match="unsafe path"):
        fetch("pictures", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []
    assert not list(tmp_path.rglob("evil.png"))


def test_no_network_for_pip(tmp_path, pip):
    with pytest.raises(
        StudyError,
        match=r"^imagenet-samples could not be fetched: pip cannot download foolbox==3\.3\.4; it says: "
        r"ERROR: .*Run again .*/x from a machine that has it; or take other images",
    ):
        fetch("imagenet-samples", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("fashion-minst", "there is no source 'fashion-minst'; did you mean 'fashion-mnist'?"),
        ("torchvision-CIFAR1", "no data set 'CIFAR1' of labeled images; did you mean 'CIFAR10'?"),
    ],
)
def test_unknown_source(tmp_path, name, hint):
    with pytest.raises(StudyError) as raised:
        fetch(name, tmp_path / "x", LOG)
    assert hint in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is of the GNU core utilities")
def test_listing_digest_agrees_with_the_shell(tmp_path):
    for name in ("b", "a/z", "a.txt", "B", "a/é"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    line = next(line for line in (Source.__doc__ or "").splitlines() if "sha256sum" in line)
    shell = subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert listing_digest(tmp_path) == (5, shell.stdout.split()[0])


@pytest.mark.network
@pytest.mark.parametrize("name", SOURCES)
def test_every_source_can_be_fetched(tmp_path, name):
    if isinstance(SOURCES[name].archive, DebianPackage) and shutil.which("apt-get") is None:
        pytest.skip("apt-get is of Debian and Ubuntu")
    fetch(name, tmp_path / "sources of it" / name, LOG)
    found = listing_digest(tmp_path / "sources of it" / name)
    assert found == (SOURCES[name].files, SOURCES[name].sha256)
    assert [path.name for path in (tmp_path / "sources of it").iterdir()] == [name]
