"""What additions to a task cost: ``python -m benchmarks.additions [TASK ...]``.

Trains each of the engine's tasks as it is and with one thing more: momentum where it has SGD, weight decay (AdamW)
where it has Adam, dropout of a fifth behind each hidden layer, L2 on all kernels. All in turns; printed is the median
of the ratios of samples a second, with the addition to without.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contestants import find_task, set_threads
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, TRAIN_TASKS, Data, TrainTask


@dataclass
class Course:
    """A model in training; ``take_turn`` notes samples a second."""

    task: TrainTask
    data: Data
    model: object
    n_epochs: int = 1

    def run(self) -> float:
        """Seconds for the epochs of a turn."""
        start = time.perf_counter()
        self.task.fit(self.model, self.data, self.n_epochs, shuffle=True)
        return time.perf_counter() - start

    def prepare(self, seconds: float) -> None:
        self.run()
        self.n_epochs = max(1, round(seconds / self.run()))

    def take_turn(self) -> float:
        return self.n_epochs * self.task.n_rows / self.run()


def make_plain(task: TrainTask, data: Data) -> object:
    return task.make_model(data)


def make_rule(task: TrainTask, data: Data) -> object:
    """Momentum, or weight decay."""
    from nnfast.optimizers import SGD, AdamW

    model = task.make_model(data)
    is_sgd = task.optimizer == "sgd"
    rule = (
        SGD(task.learning_rate, momentum=0.9) if is_sgd else AdamW(task.learning_rate, 0.004, BETA_1, BETA_2, EPSILON)
    )
    model.compile(rule, task.loss)
    return model


def make_changed(task: TrainTask, data: Data, rate: float, penalty: str | None) -> object:
    """The task's model, made anew with dropout behind hidden layers, or a penalty on kernels."""
    from nnfast import Sequential
    from nnfast.layers import Dense, Dropout, Input

    plain = task.make_model(data)
    layers = [Input(task.net.sizes[0], scale=1 / 255 if data.x.dtype == "uint8" else 1)]
    last = len(task.net.activations) - 1
    for place, (size, name) in enumerate(zip(task.net.sizes[1:], task.net.activations, strict=True)):
        layers.append(Dense(size, name, kernel_regularizer=penalty))
        if rate and place < last:
            layers.append(Dropout(rate))
    model = Sequential(layers, seed=0)
    model.set_weights(data.weights)
    model.compile(plain.optimizer, task.loss)
    return model


ADDITIONS: dict[str, Callable[[TrainTask, Data], object]] = {
    "momentum or AdamW": make_rule,
    "dropout": lambda task, data: make_changed(task, data, 0.2, None),
    "L2": lambda task, data: make_changed(task, data, 0.0, "l2"),
}


def measure(task: TrainTask, turns: int, seconds: float) -> list[float]:
    """The median ratio of each addition."""
    data = task.make_data(task.n_rows)
    courses = [Course(task, data, make(task, data)) for make in (make_plain, *ADDITIONS.values())]
    for course in courses:
        course.prepare(seconds)
    rates = [[course.take_turn() for course in courses] for _ in range(turns)]
    return [statistics.median(turn[place] / turn[0] for turn in rates) for place in range(1, len(courses))]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.additions", description="What additions cost.")
    parser.add_argument("tasks", nargs="*", default=[task.name for task in TRAIN_TASKS], metavar="TASK")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--turn-seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    print(f"{'rate with / without':24} " + " ".join(f"{name:>18}" for name in ADDITIONS))
    for name in arguments.tasks:
        task = find_task("train", name)
        if obstacle := task.find_obstacle():
            print(f"{name:24} left out: {obstacle}")
            continue
        ratios = measure(task, arguments.turns, arguments.turn_seconds)
        print(f"{name:24} " + " ".join(f"{ratio:18.3f}" for ratio in ratios), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
