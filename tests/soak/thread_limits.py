"""thread_limits: what says how many threads there may be, and the number that must come of it."""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from soak import children
from soak.groups import Quota, compile_pictures, draw, make_groups, real_quotas

CORE = 100_000  # of 100,000 microseconds


@dataclass(frozen=True)
class Case:
    """What is set, and the number of threads where the machine has as many cores."""

    n_threads: int
    openmp: str | None = None
    ours: str | None = None
    n_cores: int = 0
    """Of the affinity; 0 leaves it."""
    version: int = 0
    """Of control groups."""
    quotas: list[Quota] = field(default_factory=list)

    def describe(self) -> str:
        quotas = ", in it ".join("no quota" if quota < 0 else f"{quota / of:g} cores" for quota, of in self.quotas)
        parts = {
            f"control group v{self.version}: {quotas}": self.version,
            f"affinity to {self.n_cores}": self.n_cores,
            f"OMP_NUM_THREADS={self.openmp}": self.openmp is not None,
            f"NNFAST_NUM_THREADS={self.ours}": self.ours is not None,
        }
        return "; ".join(name for name, is_set in parts.items() if is_set) or "nothing is set"


MANY = 100_000  # threads: as many as there are cores
NO_QUOTA, HALF, ONE, MORE = (-1, CORE), (CORE // 2, CORE), (CORE, CORE), (3 * CORE // 2, CORE)

CASES = [
    Case(MANY),
    *(
        Case(n, openmp=text)
        for text, n in {"1": 1, "2": 2, "100": 100, "1,4": 1, "x": MANY, "0": MANY, "": MANY}.items()
    ),
    *(Case(n, ours=text) for text, n in {"1": 1, "2": 2, "100": 100, "-3": MANY}.items()),
    Case(1, openmp="1", ours="8"),
    Case(1, openmp="8", ours="1"),
    Case(1, n_cores=1),
    Case(2, n_cores=2),
    Case(1, n_cores=1, openmp="8", ours="8"),
    *(
        case
        for v in (1, 2)
        for case in (
            Case(1, version=v, quotas=[HALF]),
            Case(1, version=v, quotas=[ONE]),
            Case(2, version=v, quotas=[MORE]),
            Case(MANY, version=v, quotas=[NO_QUOTA]),
            Case(1, version=v, quotas=[ONE, NO_QUOTA]),
            Case(1, version=v, quotas=[NO_QUOTA, ONE]),
            Case(1, version=v, quotas=[MORE, ONE, NO_QUOTA]),
            Case(1, version=v, quotas=[ONE], openmp="8", ours="8"),
            Case(1, version=v, quotas=[MORE], n_cores=1),
            Case(1, version=v, quotas=[MORE], openmp="1"),
        )
    ),
]


def run(case: Case, group: Path | None, environment: dict[str, str]) -> list[int] | None:
    """The number of threads that a process says it uses, and that it has; None if it ended or hung without a word."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    variables = {"OMP_NUM_THREADS": case.openmp, "NNFAST_NUM_THREADS": case.ours, "OPENBLAS_NUM_THREADS": "1"}
    environment = inherited | {name: value for name, value in variables.items() if value is not None} | environment

    def prepare() -> None:
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))
        if case.n_cores:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: case.n_cores])

    counts: list[int] | None = children.ask("count_threads.py", [], 60, env=environment, preexec_fn=prepare)
    return counts


def try_case(case: Case) -> tuple[list[int] | None, str]:
    """The same, and whether groups were the kernel's or a picture of them."""
    if not case.version:
        return run(case, None, {}), ""
    with make_groups(*real_quotas(case.version, case.quotas)) as group:
        if group:
            return run(case, group, {}), "; the kernel's groups"
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder) / "picture", case.version, case.quotas)
        shown = {"LD_PRELOAD": str(compile_pictures(Path(folder))), "SOAK_PICTURE": str(Path(folder) / "picture")}
        return run(case, None, shown), "; a picture of groups"
