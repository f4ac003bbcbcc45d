"""CSV tables, or an error with line and column; test_csv_engines.py compares the libraries that read them."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfast.data.arrays import as_features
from nnfast.data.csv import read_csv
from nnfast.exceptions import DataFileError

DIGIT_HEADER = "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n"


def read(tmp_path, text, /, *args, **options):
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "t.csv").write_bytes(content)
    return read_csv(tmp_path / "t.csv", *args, **options)


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    return np.hstack([rng.integers(0, 10, (300, 1)), rng.integers(0, 256, (300, 784))]).astype(np.uint8)


@pytest.mark.parametrize(("head", "target"), [(DIGIT_HEADER, "label"), ("", 0), ("", "0")])
def test_digit_layout_stays_bytes(tmp_path, digits, head, target):
    text = head + "".join(",".join(map(str, row)) + "\n" for row in digits.tolist())
    table = read(tmp_path, text, target)
    assert table.x.dtype == np.uint8
    assert table.y.dtype == np.uint8
    np.testing.assert_array_equal(table.x, digits[:, 1:])
    np.testing.assert_array_equal(table.y, digits[:, 0])
    assert table.feature_names[0] == ("pixel0" if head else "1")
    assert table.target_name == ("label" if head else "0")
    assert np.shares_memory(as_features(table.x), table.x)


def test_memory_of_the_digit_layout(tmp_path, digits):
    text = DIGIT_HEADER + "".join(",".join(map(str, row)) + "\n" for row in np.tile(digits, (20, 1)).tolist())
    (tmp_path / "t.csv").write_text(text)
    tracemalloc.start()
    table = read_csv(tmp_path / "t.csv", "label")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * table.x.base.nbytes + (1 << 20)


PLAIN = "a,b,kind\n1,2.5,0\n3,-4e3,1\n"
SAME = {
    "LF": PLAIN,
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "byte-order mark": "\ufeff" + PLAIN,
    "no end of line": PLAIN[:-1],
    "empty lines": "\n" + PLAIN.replace("\n", "\n\n"),
    "blanks": PLAIN.replace(",", " , ").replace("a ", "a").replace(" b ", "b").replace(" kind", "kind"),
    "quotes": '"a","b","kind"\n"1","2.5","0"\n"3","-4e3",1\n',
}


@pytest.mark.parametrize("case", SAME)
@pytest.mark.parametrize("target", ["kind", 2, "2"])
def test_ways_to_write_the_same(tmp_path, case, target):
    table = read(tmp_path, SAME[case], target)
    assert table.x.tolist() == [[1, 2.5], [3, -4000]]
    assert table.y.dtype == np.uint8
    assert table.y.tolist() == [0, 1]
    assert table.feature_names == ("a", "b")
    assert table.target_name == "kind"


@pytest.mark.parametrize("target", [0, 1, 2])
def test_target_in_any_column(tmp_path, target):
    table = read(tmp_path, "1,2,3\n4,5,6\n", target)
    np.testing.assert_array_equal(table.x, np.delete([[1, 2, 3], [4, 5, 6]], target, axis=1))
    np.testing.assert_array_equal(table.y, [target + 1, target + 4])


def test_no_target(tmp_path):
    table = read(tmp_path, PLAIN)
    assert table.x.shape == (2, 3)
    assert table.y is None
    assert table.target_name is None


def test_text_target(tmp_path):
    table = read(tmp_path, 'x,kind,y\n1,cat,2\n3,"dog, big",4\n', "kind")
    assert table.x.dtype == np.uint8
    assert table.x.tolist() == [[1, 2], [3, 4]]
    assert table.y.tolist() == ["cat", "dog, big"]
    assert table.feature_names == ("x", "y")


def test_text_target_beside_mixed_numbers(tmp_path):
    table = read(tmp_path, "1,2,cat\n3,4.5,dog\n-1,256,cat\n", 2)
    assert table.x.tolist() == [[1, 2], [3, 4.5], [-1, 256]]


@pytest.mark.parametrize("number", ["1_000", " 7", "+5", "007", "1e-400", "١", "0" * 5000 + "7", "1" * 5000])
def test_what_float_reads_is_read(tmp_path, number):
    assert read(tmp_path, f"0.5,1\n{number},2\n").x[1, 0] == float(number)


@pytest.mark.parametrize("column", ["inf", "-Infinity", "nan", "1e400"])
def test_not_finite_numbers_are_numbers(tmp_path, column):
    np.testing.assert_array_equal(read(tmp_path, f"a,b\n1,{column}\n").x, [[1, float(column)]])


@given(values=st.lists(st.tuples(st.floats(), st.floats(allow_nan=False)), min_size=1, max_size=5))
def test_floats_come_back_bit_for_bit(tmp_path_factory, values):
    text = "".join(f"{a!r},{b!r}\n" for a, b in values)
    table = read(tmp_path_factory.mktemp("csv"), text, header=False)
    np.testing.assert_array_equal(table.x, values)


@pytest.mark.parametrize(
    ("text", "header", "n_rows"),
    [
        ("a,b\n1,2\n", "auto", 1),
        (",a\n1,2\n", "auto", 1),
        ("2019,b\n1,2\n", True, 1),
        ("1,2\n3,4\n", "auto", 2),
        ("1,2\n3,4\n", True, 1),
        ("nan,2\n3,4\n", "auto", 2),
    ],
)
def test_header(tmp_path, text, header, n_rows):
    assert len(read(tmp_path, text, header=header).x) == n_rows


# ---- cells that are no numbers ----


def test_columns_of_text_and_of_numbers_with_gaps(tmp_path):
    table = read(tmp_path, "a,b,c,d\n1, x ,,7\nNA,y,2.5,300\n3,,null,8\n")
    assert [column.dtype.kind for column in table.columns] == list("fOff")
    np.testing.assert_array_equal(table.columns[0], [1, np.nan, 3])
    assert table.columns[1].tolist() == ["x", "y", None]
    np.testing.assert_array_equal(table.columns[2], [np.nan, 2.5, np.nan])
    assert table.columns[3].tolist() == [7, 300, 8]
    with pytest.raises(DataFileError, match=r"t\.csv: column 'b': expected numbers, received text; .*TableEncoder"):
        assert table.x


def test_gaps_alone_leave_a_matrix(tmp_path):
    table = read(tmp_path, "a,b\n1,2\n,3\n")
    assert table.x.dtype == np.float64
    np.testing.assert_array_equal(table.x, [[1, 2], [np.nan, 3]])


def test_truth_values_are_numbers(tmp_path):
    table = read(tmp_path, "a,b\ntrue,1\nFalse,2\n,3\n")
    np.testing.assert_array_equal(table.x, [[1, 1], [0, 2], [np.nan, 3]])
    assert read(tmp_path, "a,b\ntrue,1\nFalse,2\n", "a").y.tolist() == ["true", "False"]


def test_codes_that_are_named_as_text(tmp_path):
    text = "zip,n,class\n01234,1,1\n99999,2,2\n,3,B\n"
    table = read(tmp_path, text, "class", text=["zip", "class"])
    assert table.columns[0].tolist() == ["01234", "99999", None]
    assert table.y.tolist() == ["1", "2", "B"]
    with pytest.raises(DataFileError, match=r"line 4, target: expected a number, as in most rows, received 'B'"):
        read(tmp_path, text, "class")


def test_a_column_of_nothing_holds_numbers_that_are_missing(tmp_path):
    table = read(tmp_path, "a,b\n1,\n2,NA\n")
    assert np.isnan(table.x[:, 1]).all()


def test_what_is_missing_can_be_told(tmp_path):
    table = read(tmp_path, "a,b\n1,-999\n2,7\nNA,8\nNA,9\n?,5\n", missing_values=["-999", "?"], text=["a"])
    assert table.columns[0].tolist() == ["1", "2", "NA", "NA", None]
    np.testing.assert_array_equal(table.columns[1], [np.nan, 7, 8, 9, 5])


def test_a_column_that_turns_to_text_late_is_read_whole(tmp_path):
    table = read(tmp_path, "a,b\n" + "1,007\n" * 5000 + "1,x\n" * 5001)
    assert table.columns[1][[0, -1]].tolist() == ["007", "x"]
    assert len(table) == 10_001


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    table = read(tmp_path, PLAIN.replace(",", delimiter), "kind", delimiter=delimiter)
    assert table.x.tolist() == [[1, 2.5], [3, -4000]]


@pytest.mark.parametrize("delimiter", ["", ", ", '"', "\n", "é", 5])
def test_bad_delimiters(tmp_path, delimiter):
    with pytest.raises(ValueError, match="delimiter: expected one ASCII character"):
        read(tmp_path, PLAIN, delimiter=delimiter)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("header", 0), ("header", None), ("header", "infer")],
        *[("missing_values", "NA"), ("missing_values", [0]), ("text", "a"), ("text", 0)],
    ],
)
def test_bad_arguments(tmp_path, name, value):
    with pytest.raises(ValueError, match=rf"^{name}: expected .* received {re.escape(repr(value))}"):
        read(tmp_path, "a,b\n1,2\n", **{name: value})


@pytest.mark.parametrize("target", [1.0, True, ["a"]])
def test_bad_columns(tmp_path, target):
    with pytest.raises(ValueError, match=r"^column: expected a name, or a number from 0, received "):
        read(tmp_path, "a,b\n1,2\n", target)


def test_gzip(tmp_path):
    table = read(tmp_path, gzip.compress(PLAIN.encode()), "kind")
    assert table.x.tolist() == [[1, 2.5], [3, -4000]]
    for content in (gzip.compress(PLAIN.encode() * 100)[:-9], b"\x1f\x8bnonsense and more of it"):
        with pytest.raises(DataFileError, match="damaged gzip data"):
            read(tmp_path, content, "kind")


# ---- faults ----

BAD = {
    "empty": ("", None, r"expected at least one row of cells, received an empty file"),
    "only empty lines": ("\n\r\n\n", None, r"received an empty file"),
    "only a header": ("a,b\n", None, r"expected at least one row of cells below the header, received none"),
    "text cell": ("a,b\n1,2\n3,x\n", None, r"line 3, column 2 \(b\): expected a number, as in most rows, received 'x'"),
    "without header": ("1,2\n3,x\n", None, r"line 2, column 2: expected a number, as in most rows, received 'x'"),
    "beside the target": ("a,t,b\n1,c,2\n3,d,x\n", "t", r"line 3, column 3 \(b\): expected a number, .* received 'x'"),
    "before the target": ("a,t,b\n1,c,2\nx,d,3\n", "t", r"line 3, column 1 \(a\): expected a number, .* received 'x'"),
    "the first of two": ("a,b\n1,2\n3,x\ny,4\n5,6\n", None, r"line 3, column 2 \(b\)"),
    "truth values among numbers": ("a,b\n1,2\n3,true\n", None, r"line 3, column 2 \(b\): .* received 'true'"),
    "after empty lines": ("a,b\n\n\n1,2\n\n1,x\n", None, r"line 6, column 2"),
    "after a quoted line break": ('"a\nb",c\n1,x\n2,3\n', None, r"line 3, column 2 \(c\)"),
    "empty target": ("a,t\n1,cat\n2,\n", "t", r"line 3, target: expected a class or a number, received an empty cell"),
    "missing target": ("a,t\n1,5\n2,NA\n", "t", r"line 3, target: expected a class or a number, received 'NA'"),
    "short row": ("1,2\n3\n", None, r"line 2: expected 2 columns, received 1"),
    "long row": ("1,2\n3,4,5\n", None, r"line 2: expected 2 columns, received 3"),
    "all rows longer than the header": ("a,b\n3,4,5\n", None, r"line 2: expected 2 columns, received 3"),
    "open quote": ('a,b\n1,"2\n3,4\n', None, r"line 3: unexpected end of data"),
    "text after a quote": ('a,t\n1,"c"d\n', "t", r"line 2: ',' expected after '\"'"),
    "giant cell": ("a,t\n1," + "c" * 200_000 + "\n", "t", r"line 2: field larger than field limit"),
    "null byte": ("a,b\n1,2\x003\n1,2\n", None, r"line 2, column 2 \(b\): expected a number, .* received '2\\x003'"),
    "not UTF-8": ("a,é\n1,2\n".encode("latin-1"), None, r"line 1, byte 3: expected UTF-8 text, received byte 0xe9"),
    "picture": (b"\x89PNG\r\n\x1a\n", None, r"line 1, byte 1: expected UTF-8 text, received byte 0x89"),
    "late byte": (
        b"1,2\n" * 100_000 + b"\xff,1\n",
        None,
        r"line 100001, byte 1: expected UTF-8 text, received byte 0xff",
    ),
    "semicolons": ("apple;pear\n1;2\n", "pear", r"named 'pear', received apple;pear; is the delimiter ';'\?"),
    "no such column": ("apple,pear\n1,2\n", "aple", r"expected one column named 'aple', .*did you mean 'apple'\?"),
    "two such columns": ("a,a,b\n1,2,3\n", "a", r"expected one column named 'a', received 2 of them"),
    "column number": ("a,b\n1,2\n", 2, r"expected a column from 0 to 1, received 2"),
    "negative column number": ("a,b\n1,2\n", -1, r"expected a column from 0 to 1, received -1"),
    "name without header": ("1,2\n", "label", r"expected one column named 'label', received 0, 1"),
    "nothing beside the target": ("a\n1\n", "a", r"expected columns beside the target, received one column: 'a'"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(tmp_path, case):
    text, target, message = BAD[case]
    with pytest.raises(DataFileError, match=message) as caught:
        read(tmp_path, text, target)
    assert str(caught.value).startswith(f"{tmp_path / 't.csv'}: ")


def test_cut_at_every_byte(tmp_path):
    """A cut table is a shorter table, or an error."""
    for length in range(len(PLAIN)):
        try:
            table = read(tmp_path, PLAIN[:length], "kind")
        except DataFileError:
            continue
        assert table.x.shape in ((1, 2), (2, 2))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("cell", "message"),
    [("low", "line 4, target: expected a number, as in most rows, received 'low'"),
     ("NA", "line 4, target: expected a class or a number, received 'NA'"),
     (" ", "line 4, target: expected a class or a number, received an empty cell")],
)  # fmt: skip
def test_a_gap_among_numbers_is_no_class(tmp_path, cell, message):
    path = tmp_path / "prices.csv"
    path.write_text("".join(["a,price\n", "1,2.5\n", "2,3.5\n", f"3,{cell}\n", "4,4.5\n"]))
    with pytest.raises(DataFileError, match=message):
        read_csv(path, "price")
