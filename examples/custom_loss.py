"""custom_loss: a network trained with a loss of one's own, to which too little costs more than too much.

    python examples/custom_loss.py

Expected: a forecast that is enough on 90 % of the days, within 2 %.
"""

from typing import Any

import numpy as np

from nnfast import Sequential
from nnfast.layers import Dense, Input

SHORTAGE = 9.0
"""What a unit that is missing costs, where one too many costs 1: the best forecast is the 90 % quantile."""


def shortage_loss(y_true: Any, y_pred: Any) -> tuple[float, Any]:
    """Return the mean cost, and its gradient with respect to the forecasts."""
    missing = y_true - y_pred
    slope = np.where(missing > 0, -SHORTAGE, 1.0)
    return float((-slope * missing).mean()), slope / missing.size


def main() -> float:
    """Train, and return the share of days with enough in store."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (4000, 2))
    demand = 3 + x[:, :1] - 2 * x[:, 1:] ** 2 + rng.normal(0, 0.5, (4000, 1))
    model = Sequential([Input(2), Dense(32, "relu"), Dense(1)], seed=0)
    model.compile("adam", loss=shortage_loss, metrics=["mae"])
    model.fit(x, demand, batch_size=64, epochs=20, validation_split=0.25, verbose=2)
    enough = float((model.predict(x[3000:]) >= demand[3000:]).mean())
    print(f"enough on {enough:.1%} of the days; {SHORTAGE / (SHORTAGE + 1):.0%} is best")
    return enough


if __name__ == "__main__":
    main()
