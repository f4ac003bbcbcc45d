"""scikit-learn's MLPClassifier and MLPRegressor; ``warm_start`` lets them begin with the weights given.

Their squared error is half of the mean, so that gradients are half as large: the learning rate of SGD, or Adam's
epsilon, makes up for it. Losses are computed, as nnfast does.
"""

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from benchmarks.workloads import BETA_1, BETA_2, EPSILON, Data, TrainTask

NAMES = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}


def find_obstacle(task: TrainTask) -> str | None:
    if task.loss == "mean_squared_error" and task.net.output != "linear":
        return "MLPRegressor's outputs are linear"
    if task.net.sizes[-1] == 2:
        return "MLPClassifier makes one logistic output of two classes"
    return None


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        threadpool_limits(n_threads)
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.task, self.x, self.y = task, data.as_float(), data.y
        is_regression = task.loss == "mean_squared_error"
        if is_regression:
            self.y = self.y.ravel()
        part = 1 / 2 if is_regression else 1
        self.model = (MLPRegressor if is_regression else MLPClassifier)(
            hidden_layer_sizes=task.net.sizes[1:-1],
            activation=NAMES[task.net.hidden],
            solver=task.optimizer,
            alpha=0,
            batch_size=min(task.batch_size or len(self.x), len(self.x)),
            learning_rate_init=task.learning_rate / (part if task.optimizer == "sgd" else 1),
            momentum=0,
            nesterovs_momentum=False,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON * part,
            tol=0,
            n_iter_no_change=1_000_000,
            max_iter=1,
            warm_start=True,
            random_state=0,
        )
        self.model.fit(self.x, self.y)  # makes the arrays
        self.model.coefs_ = [array.copy() for array in data.weights[::2]]
        self.model.intercepts_ = [array.copy() for array in data.weights[1::2]]

    def run(self, n: int, shuffle: bool) -> None:
        self.model.set_params(max_iter=n, shuffle=shuffle and self.task.batch_size is not None)
        self.model.fit(self.x, self.y)

    def get_results(self) -> list[np.ndarray]:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]

    @staticmethod
    def describe() -> str:
        return f"scikit-learn {sklearn.__version__}"
