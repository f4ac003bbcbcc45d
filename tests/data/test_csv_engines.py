"""CSV files give the same table, or the same error, whichever library reads them."""

import gzip

import numpy as np
import pytest
import texts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nnfast.data import csv as csv_module
from nnfast.data import csv_content, csv_engines, csv_layout
from nnfast.data.csv import read_csv
from nnfast.exceptions import DataFileError

ENGINES = list(csv_engines.ENGINES)

NUMBERS = [*texts.NUMBERS, *texts.ODD_NUMBERS, *texts.NO_NUMBERS, '"8"', "1,5", "'7'"]
GAPS = ["", "NA", '""', '"NA"', "null", " ", "N/A"]
TEXTS = [
    *("cat", "dog", '"a, b"', '"x""y"', "true", "False", "TRUE", "é", " lead", "trail ", '"line\nbreak"', '"c\r\nd"'),
    *("it's", "12:30", "#x", "2024-01-01", "None", 'a"b', '"q"r', 'ü"', "\\n", "\x1f5", "\ufeff"),
]
CELLS = [
    NUMBERS[:4],
    [*texts.NUMBERS],
    NUMBERS,
    NUMBERS + GAPS,
    TEXTS[:11],
    TEXTS[:11] + GAPS,
    TEXTS,
    NUMBERS + GAPS + TEXTS,
]
LINES = ["", "  ", ",", "1", "x,y,z,w,v", '"open']


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("csv") / "t.csv"


@pytest.fixture
def without_rows(monkeypatch):
    """Whatever an engine leaves to the standard library's reader is an error."""
    monkeypatch.delattr(csv_module, "read_by_rows")


def read(path, engine, *args, **options):
    """What can be compared of a table or an error: values, dtypes, names; or the message."""
    try:
        table = read_csv(path, *args, engine=engine, **options)
    except DataFileError as error:
        return str(error)
    y = [] if table.y is None else [table.y]
    columns = [(column.dtype.str, repr(column.tolist())) for column in [*table.columns, *y]]
    return type(table.features), columns, table.feature_names, table.target_name, table.has_names


def read_by_rows(path, *args, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_module, "read_by_engine", lambda layout, engine: None)
        return read(path, "numpy", *args, **options)


@st.composite
def texts(draw):
    n_columns = draw(st.integers(1, 4))
    cells = [draw(st.sampled_from(CELLS)) for _ in range(n_columns)]
    rows = draw(st.lists(st.tuples(*map(st.sampled_from, cells)), min_size=1, max_size=8))
    lines = [",".join("abcd"[:n_columns])] * draw(st.integers(0, 1)) + [",".join(row) for row in rows]
    if draw(st.integers(0, 9)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(LINES)))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    mark, end = draw(st.sampled_from(["", "", "", "\ufeff"])), draw(st.sampled_from(["", newline]))
    target = draw(st.none() | st.integers(0, n_columns - 1))
    return mark + newline.join(lines) + end, target, draw(st.lists(st.integers(0, n_columns - 1), max_size=1))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts())
@example(("a,b\n1,2\n3\n", None, []))
@example(('"q"r,b\nx,1\ny,2\n', None, []))
@example(("a,b\n1,x\n3\n", None, []))
@example(("a,b\n1,2\n\n3,4\n", 1, []))
@example(("a,b\n1,0x1F\n", None, []))
@example(("a,b\n1,2\n3,4,", None, []))
@example(("a,b\nx,y\nz,w,", None, []))
@example(("a\n1\n2,", None, []))
@example(("a\n\ufeffx\ny\n", None, []))
@example(("a,b\nx\0y,1\nx\0z,2\n", None, []))
@example(("1,True\n2,False\n3,7\n4,8\n5,9\n6,0\n", 0, []))
def test_any_file_is_the_same_to_all(path, problem):
    text, target, as_text = problem
    path.write_bytes(text.encode())
    expected = read_by_rows(path, target, text=as_text)
    for engine in ENGINES:
        assert read(path, engine, target, text=as_text) == expected, engine


@pytest.mark.parametrize("engine", ENGINES)
@given(values=st.lists(st.tuples(st.floats(), st.floats(width=32)), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_floats_come_back_bit_for_bit(path, engine, values, without_rows):
    path.write_text("".join(f"{a!r},{b!r},1\n" for a, b in values))
    table = read_csv(path, header=False, engine=engine)
    np.testing.assert_array_equal(table.x[:, :2], values)


# ---- what they read themselves ----


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_bytes(path, engine, compress, without_rows):
    pixels = np.random.default_rng(0).integers(0, 256, (700, 30), np.uint8)
    text = (
        ",".join(f"p{i}" for i in range(30)) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in pixels.tolist())
    )
    path.write_bytes(compress(text.encode()))
    table = read_csv(path, "p0", engine=engine)
    assert table.x.dtype == table.y.dtype == np.uint8
    np.testing.assert_array_equal(table.x, pixels[:, 1:])
    np.testing.assert_array_equal(table.y, pixels[:, 0])


@pytest.mark.parametrize("engine", ENGINES)
def test_floats_that_begin_as_bytes(path, engine, without_rows):
    path.write_text("a,b\n" + "1,2\n" * 1000 + "0.5,300\n")
    table = read_csv(path, engine=engine)
    assert table.x.dtype == np.float64
    assert table.x[-1].tolist() == [0.5, 300]


@pytest.mark.parametrize("cell", ["0.5", "true", "x", "NA", "1e3", "300", '"7"', "0x1F", "nan(1)", ""])
def test_kinds_that_change_late(path, cell):
    """Beyond what is looked at first, and beyond what pyarrow and pandas convert at a time: 1 MiB, and 2**20 cells."""
    line = ",1" * 31 + "\n"
    path.write_text("a" + line.replace("1", "b") + ("1" + line) * 34_000 + cell + line + ("2" + line) * 10)
    expected = read_by_rows(path)
    for engine in ENGINES:
        assert read(path, engine) == expected, engine


@pytest.mark.parametrize("engine", ["pyarrow", "polars"])
def test_lines_within_cells(path, engine, without_rows):
    path.write_text("a,b\n" + '"one line\nand another\n\n",2\n' * 50_000)
    table = read_csv(path, engine=engine)
    assert set(table.columns[0]) == {"one line\nand another"}
    assert table.columns[1].tolist() == [2] * 50_000


def test_pandas_takes_no_truth_value_for_a_number(path):
    path.write_text("True,1\n")
    layout = csv_layout.read_layout(csv_layout.Format(path, False, ",", frozenset({""})), None, ())
    job = csv_engines._Job(csv_content.open_content(layout), ("float64", "float64"), ",", [""])
    with pytest.raises(csv_engines._RefusalError):
        csv_engines._read_by_pandas(job)


def test_numbers_that_stand_for_nothing(path):
    path.write_text("a,b\n1, -999\n2,-999\n3,-999.0\n4,5\n")
    for engine in ENGINES:
        b = read_csv(path, engine=engine, missing_values=["-999"]).x[:, 1]
        np.testing.assert_array_equal(b, [np.nan, np.nan, -999, 5])


@pytest.mark.parametrize("engine", ["pyarrow", "polars", "pandas"])
def test_text_gaps_and_quotes(path, engine, without_rows):
    line = 'x{i},{i}.5,"say ""{i}"", please",{gap},{i}\r\n'
    path.write_bytes(("a,b,c,d,e\r\n" + "".join(line.format(i=i, gap="" if i % 3 else i) for i in range(500))).encode())
    table = read_csv(path, "c", engine=engine)
    assert table.columns[0][7] == "x7"
    assert table.y[7] == 'say "7", please'
    np.testing.assert_array_equal(table.columns[2][:4], [0, np.nan, np.nan, 3])
    assert table.columns[3].dtype == np.float64
    assert [column.dtype.kind for column in table.columns] == list("Offf")


@pytest.mark.parametrize("engine", ENGINES)
def test_quotes_are_followed_across_chunks(path, engine, monkeypatch):
    monkeypatch.setattr("nnfast.data.csv_content._CHUNK_BYTES", 7)
    path.write_text('a,b\n"1","x, ""y"""\n"2","z"\n')
    assert read(path, engine) == read_by_rows(path)


# ---- which one ----


def test_the_first_that_is_installed(path, monkeypatch):
    path.write_text("a,b\n1,2\n")
    used = []
    for name, read_cells in list(csv_engines.ENGINES.items()):
        monkeypatch.setitem(csv_engines.ENGINES, name, lambda job, n=name, r=read_cells: used.append(n) or r(job))
    for missing in ([], ["pyarrow"], ["pyarrow", "polars"], ["pyarrow", "polars", "pandas"]):
        monkeypatch.setattr("nnfast.data.engines.find_spec", lambda name, missing=missing: name not in missing)
        read_csv(path)
    assert used == ENGINES
    with pytest.raises(ValueError, match="engine: expected one that is installed: numpy, received 'polars'"):
        read_csv(path, engine="polars")


def test_unknown_engine(path):
    with pytest.raises(ValueError, match=r"engine: expected one of 'auto', 'pyarrow', .*received 'duckdb'"):
        read_csv(path, engine="duckdb")


@pytest.mark.parametrize("engine", ENGINES)
def test_many_columns_are_read_by_numpy(tmp_path, engine, monkeypatch):
    """Which takes a fraction of the time of the others, and gives the same."""
    read, used = csv_engines.ENGINES["numpy"], []
    monkeypatch.setattr(csv_engines, "_MANY_COLUMNS", 2)
    monkeypatch.setitem(csv_engines.ENGINES, "numpy", lambda job: used.append(job) or read(job))
    (tmp_path / "t.csv").write_text("1,2,3\n4,5,6\n")
    assert read_csv(tmp_path / "t.csv", engine=engine).x.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert len(used) == 1
