"""train: whole epochs over rows in memory, shuffled. ``run(n)`` trains n epochs; the results are the weights."""

from benchmarks.workloads import TRAIN_TASKS as TASKS

__all__ = ["TASKS"]
