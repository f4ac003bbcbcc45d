"""Files that claim, or stand for, far more than they hold: memory follows what is there."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from nnfast.data import inflation, read_csv, read_idx, read_npz
from nnfast.data.inflation import get_limit
from nnfast.exceptions import DataFileError

MIB = 1 << 20


def make_npy(shape, content, descr="'<f8'", order="False", version=1):
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return (
        b"\x93NUMPY" + bytes((version, 0)) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + content
    )


def write_npz(path, *members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, method)
    return path


def measure_refusal(read, path, message):
    """The memory that it takes to refuse a file."""
    tracemalloc.start()
    with pytest.raises(DataFileError, match=message):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


LIES = {
    "16 GiB": (make_npy("(2147483648,)", b""), r"x\.npy: byte 10: the header says shape \(2147483648,\) of float64"),
    "2**63 bytes": (make_npy("(1152921504606846976, 8)", b""), r"the header says shape"),
    "2**63 rows of none": (make_npy("(9223372036854775808, 0)", b""), r"expected sizes below 2\*\*63"),
    "less than there is": (make_npy("(2, 1)", bytes(24)), r"16 bytes, behind it are 24"),
    "text of a gigabyte": (make_npy("(1, 1)", b"", "'<U100000000'"), r"400000000 bytes, behind it are 0"),
    "no bytes at all": (make_npy("(10, 1)", b"", "'<U0'"), r"the header says"),
    "an expression": (make_npy("(1, 1)", bytes(8), "__import__('os')"), r"byte 8: expected a header"),
    "fields": (make_npy("(1, 1)", bytes(8), "[('a', '<f8')]"), r"byte 8: expected a header"),
    "objects": (make_npy("(1, 1)", bytes(8), "'|O'"), r"Python objects, which are never unpickled"),
    "a long header": (b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1), r"byte 8: expected a header of at most 10000"),
    "no magic": (b"NUMPY" + bytes(100), r"byte 0: expected"),
    "nothing": (b"", r"cut short: expected 8 bytes more, received 0"),
}


@pytest.mark.parametrize("case", LIES)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_lies_of_arrays(tmp_path, case, method):
    content, message = LIES[case]
    write_npz(tmp_path / "t.npz", ("x", content), method=method)
    assert measure_refusal(read_npz, tmp_path / "t.npz", message) < MIB


def test_headers_of_others(tmp_path):
    """Other versions, orders of bytes and of elements, spaces, and the longs of Python 2."""
    x = np.arange(6.0).reshape(2, 3)
    for content in (
        make_npy("(2L, 3L)", x.tobytes()),
        make_npy("(2, 3)", x.tobytes(), version=2),
        make_npy("( 2,3, )", x.astype(">f4").tobytes(), '">f4"', version=3),
        make_npy("(2, 3)", x.tobytes("F"), order="True"),
    ):
        table = read_npz(write_npz(tmp_path / "t.npz", ("x", content)))
        np.testing.assert_array_equal(table.x, x)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(tmp_path, method):
    write_npz(tmp_path / "t.npz", ("x", make_npy("(9, 1)", bytes(72))), method=method)
    with pytest.raises(DataFileError, match=rf"by method {method}\)"):
        read_npz(tmp_path / "t.npz")


def test_arrays_of_one_name(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_npz(tmp_path / "t.npz", ("x", make_npy("(1, 1)", bytes(8))), ("x", make_npy("(1, 1)", b"\1" * 8)))
    with pytest.raises(DataFileError, match="two arrays of one name"):
        read_npz(tmp_path / "t.npz")


@pytest.mark.parametrize("name", [b"z.npy", b"y\0npy", b"y.npz"])
def test_names_in_the_directory(tmp_path, name):
    """Of arrays that are not read, too: a damaged name would be an array that is not there."""
    write_npz(tmp_path / "t.npz", ("x", make_npy("(1, 1)", bytes(8))), ("y", make_npy("(1,)", bytes(8))))
    content = (tmp_path / "t.npz").read_bytes()
    place = content.rindex(b"y.npy")
    (tmp_path / "t.npz").write_bytes(content[:place] + name + content[place + 5 :])
    with pytest.raises(DataFileError, match="expected an archive of arrays of numbers or text"):
        read_npz(tmp_path / "t.npz")


def test_members_that_are_no_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("x.npy", make_npy("(1, 1)", bytes(8)))
        archive.writestr("readme", "of x")
    with pytest.raises(DataFileError, match="members that are no arrays"):
        read_npz(tmp_path / "t.npz")


def test_directory_without_end(tmp_path):
    write_npz(tmp_path / "t.npz", *((str(i), b"") for i in range(2000)))
    assert measure_refusal(read_npz, tmp_path / "t.npz", r"a directory of \d+ bytes, of at most 65536") < MIB


def test_bombs(tmp_path, monkeypatch):
    """Of 8 MiB of zeros, where a bomb begins at 1, so much is looked at; an honest array is read."""
    monkeypatch.setattr(inflation, "_ALWAYS", MIB)
    zeros = make_npy(f"({8 * MIB}, 1)", bytes(8 * MIB), "'|u1'")
    write_npz(tmp_path / "t.npz", ("x", zeros), method=zipfile.ZIP_DEFLATED)
    assert (
        measure_refusal(read_npz, tmp_path / "t.npz", r"x\.npy: \d+ bytes from \d+ by method 8, of at most 1048576")
        < MIB
    )
    (tmp_path / "t.idx").write_bytes(gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 8 * MIB) + zeros))
    assert measure_refusal(read_idx, tmp_path / "t.idx", r"takes 8388608 bytes, the file has at most 1048576") < MIB
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"0,0\n" * (2 * MIB)))
    with pytest.raises(
        DataFileError, match=r"expected at most 1048576 bytes from \d+ of gzip, received more; if that is right"
    ):
        read_csv(tmp_path / "t.csv")
    monkeypatch.undo()
    assert read_npz(tmp_path / "t.npz").x.shape == (8 * MIB, 1)


def test_limit_grows_with_the_file():
    assert get_limit(0) == get_limit(100_000) == 64 * MIB
    assert get_limit(10 * MIB) == 1000 * MIB


def test_gzip_goes_back_to_its_beginning(tmp_path):
    """As a reader does that has looked for a mark."""
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"a,b\n" + b"1,x\n" * 10_000, 1))
    assert len(read_csv(tmp_path / "t.csv", engine="numpy")) == 10_000


def test_arrow_lengths_are_not_believed(tmp_path):
    """Nor where a text begins and ends: columns were read from any place of memory."""
    import pyarrow as pa
    from pyarrow import ipc

    from nnfast.data import read_arrow

    (tmp_path / "t.arrow").write_bytes(b"\xff\xff\xff\xff" + struct.pack("<i", 2**30) + bytes(20))
    assert measure_refusal(read_arrow, tmp_path / "t.arrow", "expected an Arrow file or stream") < MIB
    table = pa.table({"a": ["one", "two", "three"]})
    with ipc.new_stream(file := io.BytesIO(), table.schema) as writer:
        writer.write_table(table)
    offsets = struct.pack("<4i", 0, 3, 6, 11)
    assert file.getvalue().count(offsets) == 1
    (tmp_path / "t.arrow").write_bytes(file.getvalue().replace(offsets, struct.pack("<4i", 0, 3, 6, 2**30)))
    with pytest.raises(DataFileError, match="expected an Arrow file or stream"):
        read_arrow(tmp_path / "t.arrow")
