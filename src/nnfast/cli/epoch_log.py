"""epoch_log: the file of ``nnfast train --log``."""

import csv
from pathlib import Path

from nnfast.callbacks import CSVLogger
from nnfast.callbacks.callback import Logs


class EpochLog(CSVLogger):
    """`CSVLogger` that goes on behind the epochs that are done, and forgets lines of later ones.

    Parameters
    ----------
    path : Path
        The file.
    n_done : int
        The number of epochs that are done.
    """

    def __init__(self, path: Path, n_done: int) -> None:
        super().__init__(path, append=n_done > 0)
        self._n_done = n_done

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        path = Path(self.filename)
        if self.append and path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if not row[0].isdigit() or int(row[0]) < self._n_done]
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
        super().on_train_begin(logs)
