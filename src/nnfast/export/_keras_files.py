"""_keras_files: the two kinds of files of Keras 3: ``.keras``, an archive of JSON and HDF5, and ``.weights.h5``.

Read is what Keras writes: arrays that lie in the file as they are. Links into other files, arrays stored elsewhere, and
such as need more memory than the file has bytes, are refused.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast._validation import check_path, mismatch
from nnfast.exceptions import ModelFileError
from nnfast.saving.tensor_file import StrPath

Array = NDArray[Any]

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MOST_ARRAYS = 4  # of one layer
_DAMAGE = (
    *(zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError),
    *(AttributeError, KeyError, OverflowError, TypeError),
)


@contextmanager
def refuse(filepath: StrPath) -> Iterator[None]:
    """Make what is wrong with a file's content a `ModelFileError` that names the file."""
    try:
        yield
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{filepath}: {error}") from error


@contextmanager
def _report_damage(kind: str) -> Iterator[None]:
    """Make what zipfile and h5py say of a damaged file a ValueError."""
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(f"expected a whole {kind} file, received {error!r}") from error


def read_archive(filepath: StrPath) -> tuple[Any, io.BytesIO]:
    """Return the description of a model, and the content of the HDF5 file of its weights."""
    with open(check_path("filepath", filepath), "rb") as file:
        content = io.BytesIO(file.read())
    with _report_damage(".keras"), zipfile.ZipFile(content) as archive:
        infos = {info.filename: info for info in archive.infolist()}
        for name in (_CONFIG, _WEIGHTS):
            if name not in infos or infos[name].compress_type != zipfile.ZIP_STORED:
                raise mismatch("archive", f"{name}, as Keras 3 stores it", sorted(infos))
        return json.loads(archive.read(_CONFIG)), io.BytesIO(archive.read(_WEIGHTS))


class WeightsFile:
    """The arrays of an HDF5 file of Keras 3.

    Parameters
    ----------
    file : str, path or binary file
        Opened as a context; OSError if there is none.
    """

    def __init__(self, file: Any) -> None:
        self._h5py = _import_h5py()
        if not isinstance(file, io.IOBase):
            with open(check_path("filepath", file), "rb"):  # a missing file or a folder: OSError in Python's words
                pass
        with _report_damage("HDF5"):
            self._root = self._h5py.File(file, "r")

    def __enter__(self) -> "WeightsFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._root.close()

    def list_places(self) -> list[str]:
        """Return where there are weights, or other models."""
        with _report_damage("HDF5"):
            places = [f"layers/{name}" for name in self._list_names("layers")]
            return [
                place for place in places if self._list_names(f"{place}/vars") or self._list_names(f"{place}/layers")
            ]

    def read(self, place: str) -> list[Array]:
        """Return the arrays of a layer; none if it has none."""
        path = f"{place}/vars"
        with _report_damage("HDF5"):
            names = self._list_names(path)
            if sorted(names) != [str(number) for number in range(len(names))] or len(names) > _MOST_ARRAYS:
                raise mismatch(path, f"at most {_MOST_ARRAYS} arrays, numbered from 0", names[:9])
            return [self._read_array(f"{path}/{number}") for number in range(len(names))]

    def _list_names(self, path: str) -> list[str]:
        group = self._find(path)
        if not isinstance(group, self._h5py.Group | None):
            raise mismatch(path, "a group", group)
        return [] if group is None else list(group)

    def _find(self, path: str) -> Any:
        """Return what lies at a path in this very file, None if nothing does."""
        found = self._root
        for name in path.split("/"):
            link = found.get(name, getlink=True)
            if link is None:
                return None
            if not isinstance(link, self._h5py.HardLink):
                raise mismatch(path, "no link to somewhere else", link)
            found = found[name]
        return found

    def _read_array(self, path: str) -> Array:
        data = self._find(path)
        is_bfloat16 = isinstance(data, self._h5py.Dataset) and _is_bfloat16(data)
        if not isinstance(data, self._h5py.Dataset) or not (is_bfloat16 or data.dtype.kind in "fiu"):
            raise mismatch(path, "an array of numbers", data)
        is_plain = data.chunks is None and not data.external and not data.is_virtual
        if not is_plain or data.id.get_storage_size() != data.nbytes:
            raise mismatch(path, "an array that lies in the file as it is", data)
        return _widen(data[()]) if is_bfloat16 else np.asarray(data[()])


def _is_bfloat16(data: Any) -> bool:
    """Whether Keras has marked an array as one of bfloat16, which HDF5 does not have: two bytes each."""
    return bool(data.dtype == np.dtype("V2")) and data.attrs.get("dtype") == "bfloat16"


def _widen(values: Array) -> Array:
    """Return bfloat16 as float32, whose upper half it is."""
    return (values.view("<u2").astype(np.uint32) << 16).view(np.float32)


def _import_h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError('files of Keras need the h5py library: pip install "nnfast[keras]"') from error
    return h5py
