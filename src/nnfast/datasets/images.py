"""images: sets of pictures in IDX files: the embedded digits, and MNIST from files you have."""

import itertools
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnfast.data.idx import read_images_and_labels

Bytes = NDArray[np.uint8]
Part = tuple[Bytes, Bytes]

_HERE = Path(__file__).parent


def load_digits() -> tuple[Part, Part]:
    """Load the UCI hand-written digits: 1,797 images of 8 x 8 pixels, embedded in the package.

    The split is fixed and the same for everyone: of the images of each class, in the file's order, every fifth is for
    testing.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Pixels, uint8 from 0 to 16, shapes (1442, 64) and (355, 64); labels, uint8 from 0 to 9.

    Notes
    -----
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    doi:10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_digits()
    >>> x_train.shape, x_test.shape, x_train.dtype
    ((1442, 64), (355, 64), dtype('uint8'))
    """
    images, labels = read_images_and_labels(
        _HERE / "digits-images-idx3-ubyte.gz", _HERE / "digits-labels-idx1-ubyte.gz"
    )
    is_test = np.zeros(len(labels), bool)
    for label in range(10):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    x = images.reshape(len(images), -1)
    return (x[~is_test], labels[~is_test]), (x[is_test], labels[is_test])


def load_mnist(folder: str | os.PathLike[str]) -> tuple[Part, Part]:
    """Load MNIST, or a set of the same format such as Fashion-MNIST, from its four IDX files.

    Parameters
    ----------
    folder : path-like
        Where the files are, with their usual names: ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, or with a dot as in ``train-images.idx3-ubyte``;
        each as it is or compressed, with ``.gz`` added.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        Pixels, uint8 from 0 to 255, shapes (60000, 784) and (10000, 784); labels, uint8 from 0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is missing; it names all that were looked for.
    DataFileError
        If a file is damaged, or the counts of images and labels disagree.
    """
    return _load_part(Path(folder), "train"), _load_part(Path(folder), "t10k")


def _load_part(folder: Path, part: str) -> Part:
    images, labels = read_images_and_labels(
        _find(folder, f"{part}-images", "idx3-ubyte"), _find(folder, f"{part}-labels", "idx1-ubyte")
    )
    return images.reshape(len(images), -1), labels


def _find(folder: Path, name: str, suffix: str) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: expected a folder with MNIST's four IDX files, found none of that name")
    candidates = [f"{name}{dot}{suffix}{gz}" for dot, gz in itertools.product("-.", ("", ".gz"))]
    for candidate in candidates:
        if (folder / candidate).is_file():
            return folder / candidate
    raise FileNotFoundError(f"{folder}: expected one of {', '.join(candidates)}, found none of them")
