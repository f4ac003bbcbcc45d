"""``python -m benchmarks [TASK ...]``: see README.md."""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.contestants import OURS, Obstacle, find_rivals, find_task, set_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="nnfast against others, in turns.")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="all tasks if none is named")
    parser.add_argument("--rivals", nargs="*", default=[], metavar="RIVAL", help="all of a task's if none is named")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--turn-seconds", type=float, default=1.0)
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write them as a Markdown table")
    parser.add_argument("--chart", type=Path, help="draw them: a .png or .svg file")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    set_threads(arguments.threads)
    from benchmarks import harness, report  # NumPy has now been told of the threads

    rivals = sorted({name for kind in harness.KINDS for name in find_rivals(kind)})
    for what, names, known in (("tasks", arguments.tasks, harness.TASKS), ("rivals", arguments.rivals, rivals)):
        if unknown := set(names) - set(known):
            raise SystemExit(f"expected {what} out of {', '.join(known)}; received {', '.join(sorted(unknown))}")
    others = tuple(name for name in arguments.rivals if name != OURS)
    settings = harness.Settings(others, arguments.threads, arguments.turns, arguments.turn_seconds)
    results = []
    for name in arguments.tasks or harness.TASKS:
        task = find_task(harness.TASKS[name], name)
        try:
            if obstacle := task.find_obstacle():
                raise Obstacle(obstacle)
            results.append(harness.run_task(task, settings))
        except Obstacle as obstacle:
            print(f"{name}: left out: {obstacle}")
            continue
        report.print_result(results[-1])
        report.write_files(results, arguments.output, arguments.markdown, arguments.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
