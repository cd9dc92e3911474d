"""Settings of the whole test run."""

import functools
import http.server
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# machines are shared: a test that is slow once is not a failure
settings.register_profile("patient", settings(deadline=None))
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked:
        import torch  # takes seconds, so only where a test asks for it

        if not torch.cuda.is_available():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws from torch's one generator does not depend on the tests before it."""
    torch = sys.modules.get("torch")  # imported only by tests that need it
    if torch is not None:
        torch.manual_seed(0)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


@pytest.fixture(params=[Path.unlink, cut_off, flip_a_bit], ids=["missing", "cut off", "altered"])
def harm(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """What may happen to a file."""
    return request.param


@pytest.fixture(scope="session")
def alter() -> Callable[[Path, str], None]:
    """Return a function that alters a byte of an archive's entry, given the archive and the entry's key."""

    def altered(path: Path, key: str) -> None:
        with zipfile.ZipFile(path) as file:
            entry = file.getinfo(key)
        content = bytearray(path.read_bytes())
        header = 30 + len(key)
        content[entry.header_offset + header + entry.file_size // 2] ^= 1
        path.write_bytes(content)

    return altered


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder, and the address at which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Silent, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium that notes what it asks for."""
    from benchmarks.atlas import browser, missing

    if lacks := missing():
        pytest.skip(lacks)
    with browser() as driver:
        yield driver


@pytest.fixture(scope="session")
def prepared_on():
    """Return a function that prepares a network on images which are its input already."""
    from census.networks.graph import layers_of
    from census.networks.prepared import Prepared

    def prepare(network, images):
        device = images.device.type
        return Prepared(network.eval(), None, layers_of(network, images), images, device, "network", None)

    return prepare
