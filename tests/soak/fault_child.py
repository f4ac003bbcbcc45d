"""The child process of faults.py: one entry point, a fault at each of its sites, from a case on.

It says what it is about to do, a line a case, so that its parent knows where it ended.
"""

import gc
import importlib
import json
import os
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/, whose modules the parts share

from soak.faults import DISK, FOREVER, MEMORY, THREADS, Fault, Plan, Shim, digest


def say(text: str) -> None:
    os.write(ANSWER, f"{text}\n".encode())


ANSWER = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Trial:
    """An entry point, and what it does when nothing fails."""

    def __init__(self, entry: Any, kind: int, folder: Path, shim: Shim) -> None:
        self.entry, self.kind, self.folder, self.shim = entry, kind, folder, shim
        for _ in range(2):  # imports, and what is made once
            self.states, self.results = self.run_whole()
        gc.collect()
        gc.freeze()
        self.run_whole()
        time.sleep(0.05)  # of other libraries' threads that still close a file
        self.left = self.measure()

    def run_whole(self) -> tuple[list[str], list[str]]:
        """Return the states before, between and behind two calls, and their results."""
        thing = self.entry.prepare(self.folder)
        states, results = [digest(self.entry.look(thing))], []
        for _ in range(2):
            results.append(digest(self.entry.call(thing)))
            states.append(digest(self.entry.look(thing)))
        return states, results

    def measure(self) -> tuple[int, int, int, int]:
        """Return what a call may not leave behind: blocks of the core's, bytes of arrays, open files, threads."""
        gc.collect()
        control = self.shim.control
        return control.blocks, control.bytes, count_open_files(), threading.active_count()

    def find_leak(self) -> str:
        """Say what a call has left behind; other libraries' threads may still be closing a file."""
        for _ in range(50):
            if (left := self.measure()) == self.left:
                return ""
            time.sleep(0.01)
        before, self.left = self.left, left
        return f"problem left behind (blocks, bytes, files, threads): {left}, not {before}"

    def count_sites(self, scope: int) -> int:
        thing = self.entry.prepare(self.folder)
        with self.shim.armed(self.kind, Fault(scope), FOREVER):
            self.entry.call(thing)
        return int(self.shim.control.count)

    def try_fault(self, fault: Fault, site: int) -> None:
        """Call with a fault, look at what is left, and call again."""
        thing = self.entry.prepare(self.folder)
        try:
            with self.shim.armed(self.kind, fault, site):
                result = self.entry.call(thing)
        except BaseException as caught:
            raised = True
            say("raised")
            self.judge(caught)
        else:
            raised = False
            if digest(result) != self.results[0]:
                say("problem no error, and another result")
        state = digest(self.entry.look(thing))
        place = self.states[:2].index(state) if state in self.states[:2] else -1
        found = ("before", "after", "between")[place]
        if raised and found not in self.entry.leaves:
            say(f"problem left as {found}, not {' or '.join(self.entry.leaves)}")
        try:
            next_result, next_state = digest(self.entry.call(thing)), digest(self.entry.look(thing))
        except BaseException as caught:
            say(f"problem the next call: {caught!r:.300}")
            return
        if place >= 0 and (next_result, next_state) != (self.results[place], self.states[place + 1]):
            say("problem another result or state of the next call")

    def judge(self, error: BaseException) -> None:
        """Say so if it is not an error of what failed."""
        expected = {MEMORY: MemoryError, DISK: getattr(self.entry, "errors", ()), THREADS: ()}[self.kind]
        if not isinstance(error, expected):
            say(f"problem {error!r:.300}")


def try_entry(trial: Trial, plan: Plan, index: int, first_case: int) -> None:
    name = plan.entries[index]
    cases = []
    for label, fault in plan.faults.items():
        n_sites = trial.count_sites(fault.scope)
        say(f"sites {json.dumps([name, label, n_sites])}")
        first = 7 * index % max(1, min(n_sites, plan.stride))  # not always the first call
        cases += [(label, fault, site) for site in range(first, n_sites, plan.stride)]
    for number, (label, fault, site) in enumerate(cases):
        if number >= first_case:
            say(f"case {json.dumps([index, number, label, f'{name}: site {site}'])}")
            trial.try_fault(fault, site)
            if leak := trial.find_leak():
                say(leak)


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    faults = {label: Fault(*fault) for label, fault in plan.faults.items()}
    first, first_case, folder = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    warnings.simplefilter("ignore")
    entries = importlib.import_module(plan.module).ENTRIES
    shim = Shim()
    shim.set_folder(folder)
    for index in range(first, len(plan.entries)):
        trial = Trial(entries[plan.entries[index]], plan.kind, folder, shim)
        try_entry(trial, replace(plan, faults=faults), index, first_case if index == first else 0)
    say("end")


if __name__ == "__main__":
    main()
