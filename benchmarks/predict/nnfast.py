"""nnfast as its users write it: ``predict`` for many rows, ``predict_one`` for one."""

import numpy as np

import nnfast
from benchmarks.workloads import Data, PredictTask


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: PredictTask, data: Data, n_threads: int) -> None:
        nnfast.set_num_threads(n_threads)
        self.call = task.make_call(task.net.make_model(data), data.x)

    def run(self, n: int, shuffle: bool) -> None:
        del shuffle
        for _ in range(n):
            self.out = self.call()

    def get_results(self) -> list:
        return [np.atleast_2d(self.out)]

    @staticmethod
    def describe() -> str:
        config = nnfast.show_config("dicts")
        return f"nnfast {config['nnfast']}, {config['isa']}"
