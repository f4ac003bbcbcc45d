"""_step_options: what an optimizer does beside its rule, in Keras 3's words: clipping, accumulation, averages."""

from collections.abc import Mapping
from typing import Any, TypedDict

from nnfast import _validation

CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
_DEFAULTS: dict[str, Any] = dict.fromkeys(CLIPS) | {
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "gradient_accumulation_steps": None,
}
NAMES = tuple(_DEFAULTS)


class StepOptions(TypedDict, total=False):
    """See `nnfast.optimizers.Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checked value for every option."""
    for name in options:
        if name not in _DEFAULTS:
            raise TypeError(f"optimizer: expected no argument {name!r}; beside those of the rule there are {NAMES}")
    values = _DEFAULTS | dict(options)
    given = [name for name in CLIPS if values[name] is not None]
    if len(given) > 1:
        raise _validation.mismatch(" and ".join(given), "at most one way of clipping", [values[name] for name in given])
    for name in given:
        values[name] = _validation.check_real(name, values[name], "(0, inf)")
    values["use_ema"] = _validation.check_bool("use_ema", values["use_ema"])
    values["ema_momentum"] = _validation.check_real("ema_momentum", values["ema_momentum"], "[0, 1]")
    for name, least in (("ema_overwrite_frequency", 1), ("gradient_accumulation_steps", 2)):
        if values[name] is not None:
            values[name] = _validation.check_integer(name, values[name], least, 2**31 - 1)
    return values


def list_chosen(optimizer: object) -> dict[str, Any]:
    """Return those of an optimizer's options that are not as they are by default."""
    values = {name: getattr(optimizer, name) for name in NAMES}
    return {name: value for name, value in values.items() if value != _DEFAULTS[name]}
