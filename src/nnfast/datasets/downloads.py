"""downloads: sets of pictures fetched over the network once, by pooch, and kept in a folder.

The SHA-256 of each file is that in tensorflow_datasets/url_checksums of the repository tensorflow/datasets, and again
in lib/torchvision/datasets of ankane/torchvision-ruby.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

from nnfast.datasets.images import Part, load_mnist
from nnfast.exceptions import DownloadError

FOLDER = "NNFAST_DATA"
"""The environment variable that names the folder for all sets."""

_TIMEOUT = 30  # seconds that a server may be silent


class Source(NamedTuple):
    """A set of files, and where they can be had."""

    name: str
    """Of the folder they are kept in."""
    mirrors: tuple[str, ...]
    """Addresses that a file's name is put behind, tried in turn."""
    sha256: dict[str, str]
    """File -> its checksum."""


MNIST = Source(
    "mnist",
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)
FASHION_MNIST = Source(
    "fashion-mnist",
    (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    {
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)
KMNIST = Source(
    "kmnist",
    (
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    {
        "train-images-idx3-ubyte.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "train-labels-idx1-ubyte.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "t10k-images-idx3-ubyte.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "t10k-labels-idx1-ubyte.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    },
)


def fetch_mnist(
    *, data_home: str | os.PathLike[str] | None = None, download_if_missing: bool = True
) -> tuple[Part, Part]:
    """Load MNIST: 70,000 hand-written digits of 28 x 28 pixels. The first call downloads 11 MB.

    Needs pooch: ``pip install "nnfast[datasets]"``. Files that you have already: `load_mnist`.

    Parameters
    ----------
    data_home : path-like, optional
        The folder that keeps downloads, this set's in ``mnist`` below it. By default the environment's ``NNFAST_DATA``,
        else the user's cache, on Linux ``~/.cache/nnfast``.
    download_if_missing : bool
        Whether files that are missing or damaged are fetched. If not, those in the folder are read as they are, without
        pooch.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Pixels, uint8 from 0 to 255, shapes (60000, 784) and (10000, 784); labels, uint8 from 0 to 9.

    Raises
    ------
    ImportError
        If pooch is needed and not installed.
    DownloadError
        If no mirror gave a file with the right SHA-256; it says what each gave. Files that were complete stay, and none
        is left half written.
    FileNotFoundError
        If a file is missing, and `download_if_missing` is False.

    Notes
    -----
    Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, 1998.
    """
    return _fetch(MNIST, data_home, download_if_missing)


def fetch_fashion_mnist(
    *, data_home: str | os.PathLike[str] | None = None, download_if_missing: bool = True
) -> tuple[Part, Part]:
    """Load Fashion-MNIST: pictures of clothes, harder to tell apart than digits. The first call downloads 30 MB.

    Parameters, result and errors are those of `fetch_mnist`; the folder is ``fashion-mnist``.

    Notes
    -----
    Labels: T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot. H. Xiao, K. Rasul,
    R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms, 2017; MIT licence.
    """
    return _fetch(FASHION_MNIST, data_home, download_if_missing)


def fetch_kmnist(
    *, data_home: str | os.PathLike[str] | None = None, download_if_missing: bool = True
) -> tuple[Part, Part]:
    """Load Kuzushiji-MNIST: ten hiragana of old Japanese books. The first call downloads 21 MB.

    Parameters, result and errors are those of `fetch_mnist`; the folder is ``kmnist``.

    Notes
    -----
    Labels: o, ki, su, tsu, na, ha, ma, ya, re, wo. T. Clanuwat et al., Deep learning for classical Japanese literature,
    2018; made by ROIS-DS Center for Open Data in the Humanities, doi:10.20676/00000341, CC BY-SA 4.0.
    """
    return _fetch(KMNIST, data_home, download_if_missing)


def _fetch(source: Source, data_home: Any, download_if_missing: bool) -> tuple[Part, Part]:
    if not download_if_missing:
        return load_mnist(_find_home(data_home) / source.name)
    pooch = _import_pooch()
    folder = _find_home(data_home) / source.name
    for file in source.sha256:
        _fetch_file(pooch, source, file, folder)
    return load_mnist(folder)


def _fetch_file(pooch: Any, source: Source, file: str, folder: Path) -> None:
    """Have a file from the first mirror that gives it; if it is there already none is asked."""
    import requests  # comes with pooch

    checksum = f"sha256:{source.sha256[file]}"
    download = pooch.HTTPDownloader(timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"})
    failures = []
    for mirror in source.mirrors:
        try:
            pooch.retrieve(mirror + file, known_hash=checksum, fname=file, path=folder, downloader=download)
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{mirror}: {error}")
        else:
            return
    expected = f"{file} with its SHA-256 from one of {len(source.mirrors)} mirrors"
    advice = f"try again later, or put the files into {folder} and use download_if_missing=False"
    raise DownloadError(f"{source.name}: expected {expected}, received none ({'; '.join(failures)}); {advice}")


def _find_home(data_home: Any) -> Path:
    """Return the folder for all sets."""
    if data_home is not None:
        return Path(data_home).expanduser()
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER]).expanduser()
    pooch = _import_pooch()
    return Path(pooch.os_cache("nnfast"))


def _import_pooch() -> Any:
    try:
        import pooch
    except ImportError as error:
        hint = 'pip install "nnfast[datasets]", or load_mnist(folder) for files that you have'
        raise ImportError(f"downloads need pooch, which is not installed: {hint}") from error
    return pooch
