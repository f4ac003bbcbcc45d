"""_rows: what an estimator is fitted to: rows of samples, labels as they came, targets as the network takes them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Array = NDArray[Any]

OVERFLOW = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)
"""What is told of a fit that cannot be used, in scikit-learn's words."""


class Rows(NamedTuple):
    """Samples, labels and weights, checked."""

    X: Any
    y: Array
    weights: Array | None = None

    def split(self, share: float, stratify: Array | None, random_state: np.random.RandomState) -> "tuple[Rows, Rows]":
        """Return rows to train with and, a share of them, to validate with: those that scikit-learn's MLP takes."""
        arrays = self.X, self.y, *([] if self.weights is None else [self.weights])
        parts = train_test_split(*arrays, random_state=random_state, test_size=share, stratify=stratify)
        kept, cut = Rows(*parts[::2]), Rows(*parts[1::2])
        if cut.X.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset: "
                f"expected at least 2 rows, received {cut.X.shape[0]}"
            )
        return kept, cut


def measure_poisson_offset(y: Array, weights: Array | None) -> float:
    """Return what scikit-learn's Poisson loss has beside the outputs: the mean over rows of y log y - y."""
    values = y.reshape(len(y), -1).astype(np.float64)
    logs = np.log(values, out=np.zeros_like(values), where=values > 0)
    return float(np.average((values * logs - values).sum(axis=1), weights=weights))
