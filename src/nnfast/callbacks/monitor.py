"""monitor: the base of callbacks that watch one number get better."""

import warnings

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Logs


class Monitor(Callback):
    """Remembers the best value of a number in the logs; never a NaN, which in Keras stays the best if it comes first.

    Parameters
    ----------
    monitor : str
        The number: "val_loss", "accuracy", ...
    mode : {"auto", "min", "max"}
        Whether small or large is good; "auto" knows it of the loss and of the model's metrics.
    min_delta : float
        What counts as better differs by more than this.
    best : float, optional
        What the first value must beat.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0, best: float | None = None) -> None:
        super().__init__()
        self.monitor = _validation.check_text("monitor", monitor)
        self.mode = _validation.check_choice("mode", mode, ("auto", "min", "max"))
        self.min_delta = abs(_validation.check_real("min_delta", min_delta, "(-inf, inf)"))
        self.best = best
        self._has_warned = False

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._has_warned = False
        self.wants_max()

    def get_value(self, logs: Logs | None) -> float | None:
        """Return the watched number; None if it is not in the logs, which a warning says once a training."""
        logs = logs or {}
        if self.monitor not in logs and not self._has_warned:
            self._has_warned = True
            error = _validation.unknown_name(f"{type(self).__name__}: monitor", self.monitor, logs)
            warnings.warn(str(error), stacklevel=2)
        return logs.get(self.monitor)

    def is_better(self, value: float, than: float | None) -> bool:
        """Return whether `value` is better than another; any number is better than None, and NaN than nothing."""
        if than is None:
            return value == value
        return value - self.min_delta > than if self.wants_max() else value + self.min_delta < than

    def wants_max(self) -> bool:
        """Return whether large is good."""
        if self.mode != "auto":
            return bool(self.mode == "max")
        name = self.monitor.removeprefix("val_")
        known: dict[str, bool] = {"loss": False}
        metrics = (*self.model.metrics, *self.model.weighted_metrics)
        known |= {metric.name: metric.higher_is_better for metric in metrics}
        if name not in known:
            wanted = f"'min' or 'max' for {self.monitor!r}, which is no metric of the model"
            names = ", ".join(map(repr, known))
            raise _validation.mismatch(f"{type(self).__name__}: mode", wanted, self.mode, f"it reports {names}")
        return known[name]
