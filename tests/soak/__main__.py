"""The command of the long tests: see __init__.py."""

import argparse
import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/, whose modules the parts share

from soak import log
from soak.row import Size

DID_NOT_HOLD = 3  # the exit code of a part of which a row does not; 1 is that of an error
MOST_SECONDS = 7200  # of a part


def run(part: str, size: Size) -> int:
    """Run a part, print its rows as they come, and log them if it is a long one."""
    start, rows = time.perf_counter(), []
    for row in importlib.import_module(f"soak.parts.{part}").rows(size):
        mark = "" if row.holds else "DOES NOT HOLD: "
        print(f"{part}: {mark}{row.tried:,} tried, {row.failed:,} failed: {row.fault}; {row.figure}", flush=True)
        rows.append(row)
    if size.long:
        log.write(part, rows, size.seed, time.perf_counter() - start)
    return 0 if rows and all(row.holds for row in rows) else DID_NOT_HOLD


def run_alone(part: str, options: list[str]) -> int | None:
    """Run a part in a process of its own; return its exit code, None if it did not end."""
    command = [sys.executable, str(Path(__file__).parent), part, *options]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(MOST_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and whatever it has left behind


def describe(code: int | None) -> str:
    ends = {0: "holds", DID_NOT_HOLD: "DOES NOT HOLD", None: f"DID NOT END in {MOST_SECONDS} s"}
    return ends.get(code, f"ENDED with {code}: its log, if there is one, is an older one")


def run_each(parts: list[str], options: list[str]) -> int:
    """Run parts one after the other, whatever becomes of them, and say it in the end."""
    codes = {part: run_alone(part, options) for part in parts}
    for part, code in codes.items():
        print(f"{part}: {describe(code)}")
    return int(any(codes.values()) or None in codes.values())


def main() -> int:
    """Run the parts asked for; the exit code is 0 if every row holds."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a script runs in the background ignores it
    parser = argparse.ArgumentParser(description="the long tests of docs/reliability.md")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(log.PARTS))
    parser.add_argument("--short", action="store_true", help="seconds a part, and no log")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn: instants, bytes, arrays")
    parser.add_argument("--page", action="store_true", help="only make docs/reliability.md from the logs")
    chosen = parser.parse_args()
    if unknown := [part for part in chosen.parts if part not in log.PARTS]:
        parser.error(f"PART: expected some of {', '.join(log.PARTS)}, received {', '.join(unknown)}")
    if "PYTHONPATH" in os.environ:  # programs of the parts have working directories of their own
        os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep)))
    parts = [] if chosen.page else chosen.parts or log.PARTS
    if len(parts) == 1:
        code = run(parts[0], Size(not chosen.short, chosen.seed))
    else:
        code = run_each(parts, ["--seed", str(chosen.seed), *["--short"] * chosen.short])
    if not chosen.short:
        log.PAGE.write_text(log.make_page())
    return code


if __name__ == "__main__":
    sys.exit(main())
