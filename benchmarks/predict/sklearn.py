"""scikit-learn's MLPClassifier.predict_proba and MLPRegressor.predict, with the weights given."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from benchmarks.train.sklearn import NAMES
from benchmarks.train.sklearn import Rival as Trainer
from benchmarks.workloads import Data, PredictTask


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: PredictTask, data: Data, n_threads: int) -> None:
        threadpool_limits(n_threads)
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.x = data.x
        n_outputs = task.net.sizes[-1]
        is_regression = task.net.output == "linear"
        model = (MLPRegressor if is_regression else MLPClassifier)(
            hidden_layer_sizes=task.net.sizes[1:-1], activation=NAMES[task.net.hidden], max_iter=1
        )
        model.fit(np.zeros((n_outputs, task.net.sizes[0]), np.float32), np.arange(n_outputs))  # makes the arrays
        model.coefs_, model.intercepts_ = data.weights[::2], data.weights[1::2]
        self.call = model.predict if is_regression else model.predict_proba

    def run(self, n: int, shuffle: bool) -> None:
        del shuffle
        for _ in range(n):
            self.out = self.call(self.x)

    def get_results(self) -> list[np.ndarray]:
        return [self.out.reshape(len(self.x), -1)]

    @staticmethod
    def describe() -> str:
        return Trainer.describe()
