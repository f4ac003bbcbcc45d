"""nnfast as its users write it; the model is made, and fitted, by ``TrainTask``."""

import nnfast
from benchmarks.workloads import Data, TrainTask


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        nnfast.set_num_threads(n_threads)
        self.task, self.data = task, data
        self.model = task.make_model(data)

    def run(self, n: int, shuffle: bool) -> None:
        self.task.fit(self.model, self.data, n, shuffle)

    def get_results(self) -> list:
        return self.model.get_weights()

    @staticmethod
    def describe() -> str:
        config = nnfast.show_config("dicts")
        return f"nnfast {config['nnfast']}, {config['isa']}"
