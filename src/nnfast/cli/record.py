"""record: what is kept of a run in its model's metadata: settings, machine, time, history, results.

``model.metadata["run"]`` is plain data: numbers that are not finite are None.
"""

import math
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nnfast import _core, config
from nnfast.cli.fitting import Fitting
from nnfast.cli.options import OPTIONS
from nnfast.exceptions import DataFileError

KEY = "run"
"""Of the record in a model's metadata."""

Record = dict[str, Any]

_KEYS = {
    *("nnfast", "data", "data_sha256", "rows", "network", "settings", "seed", "threads", "machine"),
    *("started", "seconds", "samples_per_second", "history", "test"),
}


def begin_record(fitting: Fitting) -> Record:
    """Return the record of a run that begins."""
    return {
        "nnfast": config.get_version(),
        "data": fitting.task.name,
        "data_sha256": fitting.digest_data(),
        "rows": fitting.n_rows,
        "network": fitting.network,
        "settings": list_settings(fitting.settings),
        "seed": fitting.settings["seed"],
        "threads": config.get_num_threads(),
        "machine": _describe_machine(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
        "samples_per_second": None,
        "history": {"epoch": []},
        "test": {},
    }


def list_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as plain data, in the order of the help; those that are not set are left out."""
    chosen = {name: settings[name] for name in ("data", *(option.name for option in OPTIONS if option.in_file))}
    return {name: _as_plain(value) for name, value in chosen.items() if value is not None}


def add_epoch(record: Record, epoch: int, logs: Mapping[str, float]) -> None:
    """Add an epoch, counted from 0, and what it gave."""
    history = record["history"]
    history["epoch"].append(epoch + 1)
    for name, value in logs.items():
        history.setdefault(name, []).append(_as_plain(float(value)))


def copy_record(record: Record) -> Record:
    """Return a record that epochs added to this one do not change."""
    return record | {"history": {name: list(values) for name, values in record["history"].items()}}


def add_seconds(record: Record, seconds_before: float, seconds: float) -> None:
    """Set how long the training took so far."""
    record["seconds"] = seconds_before + seconds
    n_samples = record["rows"]["train"] * len(record["history"]["epoch"])
    record["samples_per_second"] = n_samples / record["seconds"] if n_samples else None


def add_test(record: Record, figures: Mapping[str, float]) -> None:
    """Set what the test gave."""
    record["test"] = {name: _as_plain(float(value)) for name, value in figures.items()}


def get_record(metadata: Mapping[str, Any], path: Path) -> Record:
    """Return the record in a model's metadata."""
    record = find_record(metadata)
    if record is None:
        raise DataFileError(path, "expected a model that `nnfast train` wrote, received one without record of its run")
    return record


def find_record(metadata: Mapping[str, Any]) -> Record | None:
    """Return the record in a model's metadata; None where there is none, or something else of the user's."""
    record = metadata.get(KEY)
    is_record = isinstance(record, dict) and record.keys() >= _KEYS
    return record if is_record else None


def _describe_machine() -> dict[str, Any]:
    return {
        "cpu": _find_cpu(),
        "isa": _core.get_isa(),
        "cores": _core.count_usable_cores(),
        "memory_gib": _measure_memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _measure_memory() -> float | None:
    """Return the size of memory in GiB, as far as the system tells."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # where there is no sysconf, or not of these
        return None


def _find_cpu() -> str:
    """Return the name of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _as_plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
