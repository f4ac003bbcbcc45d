"""Downloads: a server on loopback gives small files, or fails in the ways that servers do."""

import hashlib
import http.server
import re
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from nnfast.data.idx import write_idx
from nnfast.datasets import downloads, fetch_fashion_mnist, fetch_kmnist, fetch_mnist
from nnfast.exceptions import DownloadError

pytest.importorskip("pooch")

SETS = {"mnist": (fetch_mnist, "MNIST"), "fashion-mnist": (fetch_fashion_mnist, "FASHION_MNIST")}
SETS["kmnist"] = (fetch_kmnist, "KMNIST")
FILES = tuple(downloads.MNIST.sha256)
IMAGES = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3)
LABELS = np.array([1, 0, 2, 1], np.uint8)


class Handler(http.server.BaseHTTPRequestHandler):
    """/good/FILE is the file; /wrong/FILE another one; /cut/FILE ends too early; all else is not found."""

    def do_GET(self):
        self.server.asked.append(self.path)
        kind, name = self.path.strip("/").split("/")
        content = self.server.files.get(name, b"")
        if kind not in ("good", "wrong", "cut"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write({"good": content, "wrong": content[::-1], "cut": content[:20]}[kind])

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name in FILES:
        write_idx(folder / name, IMAGES if "images" in name else LABELS)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture
def server(files, monkeypatch):
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked = files, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mirrors(server, files, monkeypatch):
    """Makes the sets come from mirrors of the server, by what they give."""

    def set_mirrors(*kinds, name="mnist"):
        source = downloads.Source(
            name,
            tuple(f"http://127.0.0.1:{server.server_port}/{kind}/" for kind in kinds),
            {file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
        )
        monkeypatch.setattr(downloads, SETS[name][1], source)

    return set_mirrors


def assert_loaded(parts):
    for x, y in parts:
        np.testing.assert_array_equal(x, IMAGES.reshape(4, 9))
        np.testing.assert_array_equal(y, LABELS)


@pytest.mark.parametrize("name", SETS)
def test_fetched_once(name, mirrors, server, tmp_path):
    mirrors("good", name=name)
    for _ in range(2):
        assert_loaded(SETS[name][0](data_home=tmp_path))
    assert server.asked == [f"/good/{file}" for file in FILES]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == sorted(FILES)


@pytest.mark.parametrize("bad", ["missing", "wrong", "cut"])
def test_next_mirror_is_tried(bad, mirrors, server, tmp_path):
    mirrors(bad, "good")
    assert_loaded(fetch_mnist(data_home=str(tmp_path)))
    assert server.asked == [f"/{kind}/{file}" for file in FILES for kind in (bad, "good")]
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(FILES)


def test_mirror_that_is_not_there(mirrors, server, tmp_path, monkeypatch):
    mirrors("good")
    gone = downloads.MNIST._replace(mirrors=("http://127.0.0.1:9/", *downloads.MNIST.mirrors))
    monkeypatch.setattr(downloads, "MNIST", gone)
    assert_loaded(fetch_mnist(data_home=tmp_path))


def test_no_mirror_gives_it(mirrors, server, tmp_path):
    mirrors("wrong", "missing", "cut")
    with pytest.raises(
        DownloadError, match=r"mnist: expected train-images-idx3-ubyte.gz with its SHA-256 from"
    ) as caught:
        fetch_mnist(data_home=tmp_path)
    message = str(caught.value)
    assert re.search(r"one of 3 mirrors, received none \(http://127.*/wrong/: .*does not match", message)
    assert re.search(r"/missing/: 404 .*; http://127.*/cut/: ", message)
    assert f"put the files into {tmp_path / 'mnist'} and use download_if_missing=False" in message
    assert isinstance(caught.value, OSError)
    assert server.asked == [f"/{kind}/{FILES[0]}" for kind in ("wrong", "missing", "cut")]
    assert list((tmp_path / "mnist").iterdir()) == []


def test_what_was_complete_stays(mirrors, server, files, tmp_path):
    mirrors("good")
    server.files = {FILES[0]: files[FILES[0]]}
    with pytest.raises(DownloadError, match=FILES[1]):
        fetch_mnist(data_home=tmp_path)
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [FILES[0]]
    server.files, server.asked = files, []
    assert_loaded(fetch_mnist(data_home=tmp_path))
    assert server.asked == [f"/good/{file}" for file in FILES[1:]]


def test_damaged_file_is_fetched_again(mirrors, server, tmp_path):
    mirrors("good")
    fetch_mnist(data_home=tmp_path)
    server.asked.clear()
    (tmp_path / "mnist" / FILES[2]).write_bytes(b"half")
    assert_loaded(fetch_mnist(data_home=tmp_path))
    assert server.asked == [f"/good/{FILES[2]}"]


def test_offline(mirrors, server, tmp_path, monkeypatch):
    mirrors("good")
    fetch_mnist(data_home=tmp_path)
    mirrors("missing")
    server.asked.clear()
    assert_loaded(fetch_mnist(data_home=tmp_path))
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert_loaded(fetch_mnist(data_home=tmp_path, download_if_missing=False))
    assert server.asked == []


def test_nothing_is_fetched_unasked(mirrors, server, tmp_path):
    mirrors("good")
    with pytest.raises(FileNotFoundError, match=r"mnist: expected a folder with MNIST's four IDX files"):
        fetch_mnist(data_home=tmp_path, download_if_missing=False)
    assert server.asked == []


def test_folders(mirrors, server, tmp_path, monkeypatch):
    mirrors("good")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NNFAST_DATA", raising=False)
    fetch_mnist()
    monkeypatch.setenv("NNFAST_DATA", str(tmp_path / "data"))
    fetch_mnist()
    monkeypatch.setenv("HOME", str(tmp_path))
    fetch_mnist(data_home="~/given")
    found = {path.relative_to(tmp_path).parent.as_posix() for path in tmp_path.rglob(FILES[0])}
    assert found == {"cache/nnfast/mnist", "data/mnist", "given/mnist"}


def test_without_pooch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pooch, which is not installed: pip install "nnfast\[datasets\]"'):
        fetch_mnist(data_home=tmp_path)


@pytest.mark.parametrize("source", [downloads.MNIST, downloads.FASHION_MNIST, downloads.KMNIST])
def test_sources(source):
    assert tuple(source.sha256) == FILES
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in source.sha256.values())
    assert len(source.mirrors) > 1
    for mirror in source.mirrors:
        parts = urlsplit(mirror)
        assert parts.scheme in ("http", "https")
        assert mirror.endswith("/")


def test_checksums_are_all_different():
    checksums = [c for s in (downloads.MNIST, downloads.FASHION_MNIST, downloads.KMNIST) for c in s.sha256.values()]
    assert len(set(checksums)) == 12


def test_importing_needs_no_pooch():
    text = Path(downloads.__file__).read_text()
    assert not re.search(r"^(import|from) (pooch|requests)", text, re.MULTILINE)
