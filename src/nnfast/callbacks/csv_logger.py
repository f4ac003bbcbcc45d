"""csv_logger: the logs of each epoch as a line of a CSV file."""

import os
from pathlib import Path
from typing import IO, Any

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes a line an epoch: its number and its logs. The first line has their names.

    Parameters
    ----------
    filename : str or path
        The file.
    separator : str
        What stands between values, one character.
    append : bool
        Whether to go on with a file that exists (Keras writes the names again only if it is empty; so does this).
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise _validation.mismatch("separator", "one character", separator)
        self.filename = _validation.check_path("filename", filename)
        self.separator = separator
        self.append = _validation.check_bool("append", append)
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._keys: list[str] | None = None
        self._begin = 0  # where this training's lines begin

    def get_state(self) -> dict[str, Any] | None:  # noqa: D102
        if self._file is None:
            return None
        text = Path(self.filename).read_bytes()[self._begin :].decode()
        return {"begin": self._begin, "keys": self._keys, "text": text}

    def set_state(self, state: dict[str, Any]) -> None:
        """Bring the lines back that were there; lines of epochs that will be trained again are lost."""
        assert self._file is not None
        size = self._file.truncate(min(state["begin"], self._begin))
        self._begin, self._keys = size, state["keys"]
        self._file.seek(size)
        self._file.write(state["text"])
        self._file.flush()

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        import csv

        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._writer = csv.writer(self._file, delimiter=self.separator)
        self._begin = self._file.tell()
        self._keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        logs = logs or {}
        if self._file is None:
            return
        if self._keys is None:
            self._keys = sorted(logs)
            if self._file.tell() == 0:
                self._writer.writerow(["epoch", *self._keys])
        self._writer.writerow([epoch, *(logs.get(key, "NA") for key in self._keys)])
        self._file.flush()

    def close(self) -> None:  # noqa: D102
        if self._file is not None:
            self._file.close()
        self._file = None
