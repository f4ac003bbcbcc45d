"""IDX files: what goes in comes out; what is damaged is refused, with little memory and a reason."""

import gzip
import io
import struct
import tracemalloc

import numpy as np
import pytest

from nnfast.data.idx import read_idx, read_images_and_labels, write_idx
from nnfast.exceptions import DataFileError

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
MIB = 1 << 20


def idx_bytes(tmp_path, values=IMAGES, name="made"):
    write_idx(tmp_path / name, values)
    return (tmp_path / name).read_bytes()


def read_raw(tmp_path, content):
    (tmp_path / "given").write_bytes(content)
    return read_idx(tmp_path / "given")


@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8", ">i2", ">f8"])
@pytest.mark.parametrize("shape", [(60,), (3, 20), (3, 4, 5), (1,) * 32])
def test_round_trip(tmp_path, name, dtype, shape):
    values = (np.arange(np.prod(shape)) % 120).astype(dtype).reshape(shape)
    write_idx(tmp_path / name, values)
    read = read_idx(tmp_path / name)
    np.testing.assert_array_equal(read, values)
    assert read.dtype == values.dtype.newbyteorder("=")
    assert read.flags.writeable
    assert (tmp_path / name).read_bytes()[:2] == (b"\x1f\x8b" if name.endswith("gz") else b"\0\0")


def test_gzip_is_seen_by_content_and_writing_is_reproducible(tmp_path):
    packed = idx_bytes(tmp_path, name="a.gz")
    np.testing.assert_array_equal(read_raw(tmp_path, packed), IMAGES)
    assert idx_bytes(tmp_path, name="b.gz") == packed


def test_format_byte_for_byte(tmp_path):
    assert idx_bytes(tmp_path, np.array([[1, -2]], "i2")) == b"\0\0\x0b\x02\0\0\0\1\0\0\0\2\0\1\xff\xfe"


@pytest.mark.parametrize("name", ["plain", "packed.gz"])
def test_cut_at_every_byte(tmp_path, name):
    whole = idx_bytes(tmp_path, name=name)
    for length in range(len(whole)):
        with pytest.raises(DataFileError):
            read_raw(tmp_path, whole[:length])


def test_flipped_header_bits(tmp_path):
    whole = idx_bytes(tmp_path)
    for bit in range(16 * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        if flipped[2] == 0x09:  # signed bytes: as long, and no checksum could tell
            continue
        with pytest.raises(DataFileError):
            read_raw(tmp_path, flipped)


def test_every_flipped_bit_of_gzip_is_caught_or_harmless(tmp_path):
    whole = idx_bytes(tmp_path, name="packed.gz")
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            read = read_raw(tmp_path, flipped)
        except DataFileError:
            continue
        np.testing.assert_array_equal(read, IMAGES)


HEADER = b"\0\0\x08"
BAD = {
    "empty": (b"", r"cut short: expected a header of 4 bytes, received 0"),
    "other format": (b"\x89PNG\r\n", r"not an IDX file: expected it to begin 00 00 .*, received 89 50 4e"),
    "unknown dtype": (b"\0\0\x0a\1\0\0\0\1\1", r"not an IDX file: .* received 00 00 0a"),
    "no dimensions": (HEADER + b"\0\1", r"header at byte 3: expected 1 to 32 dimensions, received 0"),
    "many dimensions": (HEADER + b"\xff" + b"\0\0\0\1" * 255 + b"\1", r"byte 3: .* received 255"),
    "cut dimensions": (HEADER + b"\2\0\0\0\1\0", r"cut short: expected 2 dimensions, received 5 bytes of them"),
    "empty dimension": (HEADER + b"\2\0\0\0\0\0\0\0\1", r"byte 4: expected no dimension of 0, received shape \(0, 1\)"),
    "lying size": (HEADER + b"\1\0\1\0\0ab", r"byte 4: shape \(65536,\) takes 65536 bytes, the file has at most 10"),
    "cut": (HEADER + b"\1\0\0\0\5ab", r"cut short: expected 5 bytes for shape \(5,\), received 2"),
    "trailing": (HEADER + b"\1\0\0\0\2abc", r"expected 2 bytes for shape \(2,\), received more"),
    "gzip head alone": (b"\x1f\x8b", r"damaged gzip data near byte 2 of 2"),
    "gzip of another method": (b"\x1f\x8b\x07" + bytes(20), r"damaged gzip data .*Unknown compression method"),
    "gzip wrong check sum": (
        gzip.compress(b"\0\0\x08\1\0\0\0\1a")[:-8] + bytes(8),
        r"damaged gzip data .*CRC check failed",
    ),
    "gzip then garbage": (gzip.compress(b"\0\0\x08\1\0\0\0\1a") + b"x", r"damaged gzip data .*Not a gzipped file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(tmp_path, case):
    content, message = BAD[case]
    with pytest.raises(DataFileError, match=message) as caught:
        read_raw(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "given"))


def gzip_of_zeros(head, n_bytes):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(head)
        for _ in range(n_bytes // MIB):
            stream.write(bytes(MIB))
    return packed.getvalue()


def peak_of_reading(tmp_path, content):
    (tmp_path / "given").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataFileError) as caught:
            read_idx(tmp_path / "given")
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


def test_gzip_bomb_with_a_small_header(tmp_path):
    peak, message = peak_of_reading(tmp_path, gzip_of_zeros(HEADER + b"\1" + struct.pack(">I", 100), 64 * MIB))
    assert peak < MIB
    assert "received more" in message


@pytest.mark.parametrize("claimed", [60 * MIB, 2**32 - 1])
def test_header_that_claims_more_than_there_is(tmp_path, claimed):
    content = gzip_of_zeros(HEADER + b"\1" + struct.pack(">I", claimed), MIB) + gzip.compress(b"") * 3000
    peak, message = peak_of_reading(tmp_path, content)
    assert peak < 2 * MIB + MIB
    assert "cut short" in message or "takes 4294967295 bytes" in message


def test_memory_of_a_good_file(tmp_path):
    (tmp_path / "given").write_bytes(gzip_of_zeros(HEADER + b"\1" + struct.pack(">I", 16 * MIB), 16 * MIB))
    tracemalloc.start()
    array = read_idx(tmp_path / "given")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert array.nbytes == 16 * MIB
    assert peak < 2 * array.nbytes + MIB


def test_images_and_labels(tmp_path):
    write_idx(tmp_path / "images", IMAGES)
    write_idx(tmp_path / "labels.gz", np.array([7, 2, 1], np.uint8))
    images, labels = read_images_and_labels(tmp_path / "images", tmp_path / "labels.gz")
    np.testing.assert_array_equal(images, IMAGES)
    assert labels.tolist() == [7, 2, 1]


def test_counts_that_disagree_name_both_files(tmp_path):
    write_idx(tmp_path / "images", IMAGES)
    write_idx(tmp_path / "labels", np.zeros(4, np.uint8))
    with pytest.raises(
        DataFileError, match=r"images: expected an image for each of the 4 labels in .*labels, received 3"
    ):
        read_images_and_labels(tmp_path / "images", tmp_path / "labels")


def test_files_in_each_others_place(tmp_path):
    write_idx(tmp_path / "images", IMAGES)
    write_idx(tmp_path / "labels", np.zeros(3, np.uint8))
    with pytest.raises(
        DataFileError, match=r"labels: expected images \(n, height, width\) of dtype uint8, received shape \(3,\)"
    ):
        read_images_and_labels(tmp_path / "labels", tmp_path / "images")
    with pytest.raises(
        DataFileError, match=r"images: expected labels \(n,\) of dtype uint8, received shape \(3, 4, 5\)"
    ):
        read_images_and_labels(tmp_path / "images", tmp_path / "images")


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        read_idx(tmp_path)


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.float16, bool, complex])
def test_dtypes_without_a_code(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"array: expected dtype uint8, int8, int16, int32, float32, float64, received"):
        write_idx(tmp_path / "x", np.ones(2, dtype))


@pytest.mark.parametrize("shape", [(), (0, 3)])
def test_shapes_that_do_not_fit(tmp_path, shape):
    with pytest.raises(ValueError, match=r"array: expected 1 to 32 dimensions, none of them 0, received shape"):
        write_idx(tmp_path / "x", np.ones(shape, np.uint8))
