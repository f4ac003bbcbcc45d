"""Forks: a child trains and predicts after its parent did.

A child that says nothing for 10 seconds has hung; what it predicts is compared with what the parent predicted, to the
bit.
"""

import os
from collections.abc import Iterator

from soak import children
from soak.row import Row, Size

PROGRAM = "fork_scenarios.py"

SAME = "the parent's bits"
SCENARIOS = {
    "after_fit": ("after `fit`", SAME),
    "after_predict": ("after `predict`, with the parent's model", SAME),
    "nested": ("a child of the child", SAME),
    "from_a_thread": ("from another thread than the main one", SAME),
    "beside_a_thread_that_trains": ("while another thread trains another model", SAME),
    "in_a_process": ("`multiprocessing.Process`, context fork", SAME),
    "in_a_pool": ("`multiprocessing.Pool`, context fork", SAME),
    "preloaded": ("workers that serve a model the parent loaded and tried, as gunicorn's preload", SAME),
    "trained_by_another_thread": (
        "while another thread trains the model",
        "a clear error of that model; the parent's bits of any other",
    ),
    "in_a_callback": ("in a callback between two epochs", "the child, too, trains to the parent's bits"),
    "inside_the_core": (
        "in `on_progress`, in the midst of an epoch",
        "a clear error in the child; the parent trains on",
    ),
}


def count(n_threads: int, scenarios: tuple[str, ...], n_children: int) -> dict[str, list[int]]:
    """Of each scenario the children that came to the same, to something else, to no end; all lost if the parent is."""
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    seconds = 30 + 12 * n_children * len(scenarios)
    counts = children.ask(PROGRAM, ["nnfast", n_children, *scenarios], seconds, env=environment)
    return dict(counts or {name: [0, 0, n_children] for name in scenarios})


def rows(size: Size) -> Iterator[Row]:
    threads, n_children = size.pick((2,), (1, 2, 7)), size.pick(2, 31)
    together = size.pick((tuple(SCENARIOS),), tuple((name,) for name in SCENARIOS))  # in one process
    outcomes: dict[str, list[int]] = {name: [0, 0, 0] for name in SCENARIOS}
    for n_threads in threads:
        for scenarios in together:
            for name, counts in count(n_threads, scenarios, n_children).items():
                outcomes[name] = [a + b for a, b in zip(outcomes[name], counts)]
    for name, (same, other, hung) in outcomes.items():
        fault, must = SCENARIOS[name]
        what = f"{hung} hung, {other} with other bits; OMP_NUM_THREADS {', '.join(map(str, threads))}"
        yield Row(fault, must, same + other + hung, other + hung, what)
