"""The command of the long tests: see __init__.py."""

import argparse
import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/, whose modules the parts share

from soak import log
from soak.row import Row, Size


def run(part: str, size: Size) -> list[Row]:
    """Run a part, and print its rows as they come."""
    rows = []
    for row in importlib.import_module(f"soak.parts.{part}").rows(size):
        print(f"{part}: {row.tried:,} tried, {row.failed:,} failed: {row.fault}; {row.figure}", flush=True)
        rows.append(row)
    return rows


def main() -> int:
    """Run the parts asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(description="the long tests of docs/reliability.md")
    parser.add_argument("parts", nargs="*", choices=[*log.PARTS, []], metavar="PART", help=", ".join(log.PARTS))
    parser.add_argument("--short", action="store_true", help="seconds a part, and no log")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", action="store_true", help="only make docs/reliability.md from the logs")
    chosen = parser.parse_args()
    failed = 0
    for part in [] if chosen.page else chosen.parts or log.PARTS:
        start = time.perf_counter()
        rows = run(part, Size(not chosen.short, chosen.seed))
        failed += sum(row.failed for row in rows)
        if not chosen.short:
            log.write(part, rows, chosen.seed, time.perf_counter() - start)
    if not chosen.short:
        log.PAGE.write_text(log.make_page())
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
