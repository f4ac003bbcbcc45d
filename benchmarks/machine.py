"""machine: what the benchmarks run on, by name and by measure: shared machines differ from hour to hour."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def describe(n_threads: int) -> dict[str, Any]:
    from nnfast import _core

    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "cpu": cpu,
        "isa": _core.get_isa(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "threads": n_threads,
        "load_average": round(os.getloadavg()[0], 2),
        "peak_gflops": measure_peak(n_threads),
        "bandwidth_gb_per_second": round(_core.measure_bandwidth(n_threads), 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def measure_peak(n_threads: int) -> float:
    """GFLOP/s of float32 multiply-adds in registers."""
    from nnfast import _core

    return round(_core.measure_peak("float32", n_threads), 1)
