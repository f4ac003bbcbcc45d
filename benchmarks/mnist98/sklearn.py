"""scikit-learn's MLPClassifier. It cannot change the rate of an Adam that goes on: each epoch begins a new one."""

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.mnist98 import recipe


def train(seed: int) -> tuple[str, float]:
    warnings.simplefilter("ignore", ConvergenceWarning)
    (x, y), (x_test, y_test) = ((images.astype(np.float32) / 255, labels) for images, labels in recipe.load())
    model = MLPClassifier(
        hidden_layer_sizes=recipe.SIZES[1:-1],
        alpha=0,
        batch_size=recipe.BATCH_SIZE,
        max_iter=1,
        warm_start=True,
        random_state=seed,
    )
    for epoch, rate in enumerate(recipe.LEARNING_RATES):
        model.set_params(learning_rate_init=rate, random_state=seed * 1000 + epoch)  # or every epoch had one order
        model.fit(x, y)
    return f"scikit-learn {sklearn.__version__}", model.score(x_test, y_test)


if __name__ == "__main__":
    recipe.run(train)
