"""Parquet and Arrow files, streams and frames: each library's way to the same table."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from nnfast.data import frame_columns, frames, read_arrow, read_parquet
from nnfast.exceptions import DataFileError

TABLE = pa.table(
    {
        "bytes": [1, 2, 255],
        "integers": [1, 2, 300],
        "floats": [1.5, None, 2.0],
        "small": pa.array([0.5, 1, 2], pa.float32()),
        "gaps": pa.array([1, None, 3], pa.int16()),
        "texts": ["a", None, "b"],
        "kinds": pa.array(["x", "y", "x"]).dictionary_encode(),
        "truths": [True, False, True],
        "doubts": [True, None, False],
        "prices": pa.array([1, 2, 300]).cast(pa.decimal128(30, 2)),
        "nothing": pa.nulls(3),
    }
)
EXPECTED = {
    "bytes": ("uint8", [1, 2, 255]),
    "integers": ("float64", [1, 2, 300]),
    "floats": ("float64", [1.5, np.nan, 2]),
    "small": ("float32", [0.5, 1, 2]),
    "gaps": ("float64", [1, np.nan, 3]),
    "texts": ("object", ["a", None, "b"]),
    "kinds": ("object", ["x", "y", "x"]),
    "truths": ("uint8", [1, 0, 1]),
    "doubts": ("float64", [1, np.nan, 0]),
    "prices": ("float64", [1, 2, 300]),
    "nothing": ("float64", [np.nan] * 3),
}
DATES = pa.table({"day": [dt.date(2024, 1, 1)] * 3, "time": [dt.datetime(2024, 1, 1)] * 3, "n": [1, 2, 3]})


class Stream:
    """What knows Arrow's protocol and nothing else."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


FRAMES = {
    "pyarrow": lambda table: table,
    "batch": lambda table: table.combine_chunks().to_batches()[0],
    "reader": lambda table: table.to_reader(),
    "polars": pl.from_arrow,
    "lazy polars": lambda table: pl.from_arrow(table).lazy(),
    "pandas": lambda table: table.to_pandas(),
    "pandas, nullable": lambda table: table.to_pandas().convert_dtypes(),
    "pandas, Arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "stream": Stream,
}


def check(table, *, target=None):
    names = [name for name in EXPECTED if name != target]
    assert table.feature_names == tuple(names)
    for name, column in zip(names, table.columns):
        dtype, values = EXPECTED[name]
        assert column.dtype == dtype, name
        np.testing.assert_array_equal(column, np.array(values, dtype), err_msg=name)


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind):
    check(read_arrow(FRAMES[kind](TABLE)))
    dates = read_arrow(FRAMES[kind](DATES))
    assert [column.dtype.kind for column in dates.columns] == ["M", "M", "u"]
    assert dates.columns[0][0] == np.datetime64("2024-01-01")
    with pytest.raises(DataFileError, match="column 'day': expected numbers, received dates"):
        assert dates.x


@pytest.mark.parametrize("kind", FRAMES)
def test_targets(kind):
    frame = FRAMES[kind]
    table = read_arrow(frame(TABLE), "kinds")
    check(table, target="kinds")
    assert table.y.tolist() == ["x", "y", "x"]
    assert table.target_name == "kinds"
    assert read_arrow(frame(TABLE), 1).y.tolist() == [1, 2, 300]
    assert read_arrow(frame(TABLE), "truths").y.tolist() == ["True", "False", "True"]
    for name in ("floats", "texts", "gaps", "doubts"):
        with pytest.raises(DataFileError, match="row 1, target: expected a class or a number, received none"):
            read_arrow(frame(TABLE), name)
    with pytest.raises(DataFileError, match="target: expected classes or numbers, received dates"):
        read_arrow(frame(DATES), "day")


@pytest.mark.parametrize("engine", list(frames._PARQUET))
def test_parquet(tmp_path, engine):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    check(read_parquet(tmp_path / "t.parquet", engine=engine))
    pl.from_arrow(TABLE).write_parquet(tmp_path / "t.parquet")
    check(read_parquet(tmp_path / "t.parquet", "kinds", engine=engine), target="kinds")
    TABLE.to_pandas().to_parquet(tmp_path / "t.parquet")
    assert len(read_parquet(tmp_path / "t.parquet", engine=engine)) == 3


@pytest.mark.parametrize("engine", list(frames._ARROW))
def test_arrow_files(tmp_path, engine, monkeypatch):
    monkeypatch.setattr("nnfast.data.engines.find_spec", lambda name: name == engine)
    feather.write_feather(TABLE, tmp_path / "t.feather")
    check(read_arrow(tmp_path / "t.feather"))
    with ipc.new_stream(tmp_path / "t.arrow", TABLE.schema) as writer:
        writer.write_table(TABLE)
    check(read_arrow(str(tmp_path / "t.arrow")))
    check(read_arrow(Stream(TABLE)))


def test_all_numbers_make_a_matrix():
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 255]})
    assert read_arrow(frame).x.tolist() == [[1, 3], [2, 255]]
    assert read_arrow(frame).x.dtype == np.uint8
    small = frame.with_columns(pl.col("a").cast(pl.Float32) / 2)
    assert read_arrow(small).x.dtype == np.float32


def test_codes_that_are_named_as_text():
    numbers = {"zip": [1234.0, np.nan, 0.1], "id": [2**53, 2**53 + 1, 7], "small": np.array([0.1, 2, 3], np.float32)}
    table = read_arrow(pd.DataFrame(numbers | {"n": [1, 2, 3]}), "n", text=["zip", "id", "small", "n"])
    assert table.columns[0].tolist() == ["1234", None, "0.1"]
    assert table.columns[1].tolist() == ["9007199254740992", "9007199254740993", "7"]
    assert table.columns[2].tolist() == ["0.1", "2", "3"]
    assert table.y.tolist() == ["1", "2", "3"]


def test_types_of_one_library():
    dates = pd.Series(pd.array([dt.date(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.date32())))
    frame = pd.DataFrame({"day": dates, "sparse": pd.arrays.SparseArray([0, 1.5])})
    day, sparse = read_arrow(frame).columns
    assert day.dtype.kind == "M"
    assert np.isnat(day).tolist() == [False, True]
    assert sparse.tolist() == [0, 1.5]
    views = pa.table({"text": pa.array(["a", None], pa.string_view())})
    assert read_arrow(views).columns[0].tolist() == ["a", None]


def test_objects_of_one_kind():
    frame = pd.DataFrame({"a": pd.Series([1, 2.5], dtype=object), "b": pd.Series([True, False], dtype=object)})
    np.testing.assert_array_equal(read_arrow(frame).x, [[1, 1], [2.5, 0]])


BAD = {
    "lists": (
        pa.table({"a": [[1], [2]], "b": [1, 2]}),
        DataFileError,
        r"Table: column 'a': expected numbers, truth .*list",
    ),
    "mixed": (
        pd.DataFrame({"a": [1, "x"]}),
        DataFileError,
        r"DataFrame: column 'a': expected numbers, .* received object",
    ),
    "durations": (pd.DataFrame({"a": pd.to_timedelta([1, 2])}), DataFileError, r"column 'a': .* received timedelta64"),
    "nested": (pl.DataFrame({"a": [{"b": 1}]}), DataFileError, r"column 'a': .* received Struct"),
    "no row": (pl.DataFrame({"a": []}), DataFileError, r"expected at least one row and one column, received none"),
    "no column": (pd.DataFrame(), DataFileError, r"expected at least one row and one column, received none"),
    "no frame": ({"a": [1]}, TypeError, r"source: expected a path, a frame .*, received dict"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_frames(case):
    frame, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        read_arrow(frame)


def test_bad_files(tmp_path):
    for read, content in (
        (read_parquet, b"PAR1 and nothing else"),
        (read_arrow, b"ARROW1 and nothing"),
        (read_arrow, b""),
    ):
        (tmp_path / "t").write_bytes(content)
        with pytest.raises(DataFileError, match=r"t: expected an? .* received another or a damaged one"):
            read(tmp_path / "t")
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


def test_no_library(tmp_path, monkeypatch):
    monkeypatch.setattr("nnfast.data.engines.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r'Parquet files need pyarrow or polars or pandas: pip install "nnfast\[tables\]"'
    ):
        read_parquet(tmp_path / "t.parquet")
    with pytest.raises(ImportError, match="Arrow streams need"):
        read_arrow(Stream(TABLE))
    assert frame_columns.read_columns(pd.DataFrame({"a": [1]}), "t")[0] == ("a",)
