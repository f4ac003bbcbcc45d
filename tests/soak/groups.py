"""groups: control groups with a quota of CPU time, or a limit of processes: the kernel's own, or a picture of them.

A quota is (microseconds, of so many), -1 microseconds being no limit; those of groups within each other stand in a
list, the outermost first.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Quota = tuple[int, int]

CPU, PIDS = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/pids")  # where version 1 is mounted
UNIFIED = Path("/sys/fs/cgroup")


@contextmanager
def make_groups(parent: Path, files: list[dict[str, str]]) -> Iterator[Path | None]:
    """The innermost of real groups with such contents of files; None where this user, or machine, has none."""
    made: list[Path] = []
    try:
        is_real = all(_make_group(parent, contents, made) for contents in files)
        yield made[-1] if is_real else None
    finally:
        for group in reversed(made):
            group.rmdir()


def _make_group(root: Path, contents: dict[str, str], made: list[Path]) -> bool:
    """Make a group in the last one made."""
    parent = made[-1] if made else root
    group = parent / f"nnfast-soak-{os.getpid()}"
    if not (parent / "cgroup.procs").exists():
        return False
    try:
        group.mkdir()
        made.append(group)
        for name, text in contents.items():
            with (group / name).open("r+") as file:
                file.write(text)
    except OSError:
        return False
    return True


def real_quotas(version: int, quotas: list[Quota]) -> tuple[Path, list[dict[str, str]]]:
    """What `make_groups` needs."""
    if version == 1:
        return CPU, [{"cpu.cfs_period_us": str(of), "cpu.cfs_quota_us": str(quota)} for quota, of in quotas]
    return UNIFIED, [{"cpu.max": f"{quota if quota > 0 else 'max'} {of}"} for quota, of in quotas]


def draw(folder: Path, version: int, quotas: list[Quota]) -> None:
    """The same as a picture, for `pictures.c`."""
    group = "/a" * len(quotas)
    mount = {1: "cgroup cgroup rw,cpu,cpuacct", 2: "cgroup2 cgroup2 rw"}[version]
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/mountinfo").write_text(f"30 23 0:26 / /groups rw,nosuid shared:4 - {mount}\n")
    (folder / "proc/self/cgroup").write_text({1: f"3:cpu,cpuacct:{group}\n", 2: f"0::{group}\n"}[version])
    for depth, quota in enumerate(quotas, start=1):
        own = folder / "groups" / Path(*["a"] * depth)
        own.mkdir(parents=True)
        for name, text in real_quotas(version, [quota])[1][0].items():
            (own / name).write_text(text + "\n")


def compile_pictures(folder: Path) -> Path:
    library = folder / "pictures.so"
    source = Path(__file__).with_name("pictures.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
