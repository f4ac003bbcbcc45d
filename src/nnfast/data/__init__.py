"""data: readers of files, and `Batches` of what may be larger than memory.

Every reader of tables returns a `Table`; whatever library reads, the table is the same.

Independent of models. Imported when first touched: `read_csv` brings no Parquet reader.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnfast.data.batches import Batches
    from nnfast.data.csv import read_csv
    from nnfast.data.files import read_table
    from nnfast.data.frames import read_arrow, read_parquet
    from nnfast.data.idx import read_idx
    from nnfast.data.npz import read_npz
    from nnfast.data.table import Table

__all__ = ["Batches", "Table", "read_arrow", "read_csv", "read_idx", "read_npz", "read_parquet", "read_table"]

_PLACES = {
    "Batches": "batches",
    "Table": "table",
    "read_arrow": "frames",
    "read_csv": "csv",
    "read_idx": "idx",
    "read_npz": "npz",
    "read_parquet": "frames",
    "read_table": "files",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module 'nnfast.data' has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"nnfast.data.{_PLACES[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
