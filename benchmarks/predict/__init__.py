"""predict: outputs for the same rows, call by call. ``run(n)`` makes n calls; the results are the outputs."""

from benchmarks.workloads import PREDICT_TASKS as TASKS

__all__ = ["TASKS"]
