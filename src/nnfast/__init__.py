"""nnfast: trains and serves dense neural networks on a CPU, fast.

``Sequential`` and the names in ``layers``, ``losses``, ``optimizers``, ``schedules``, ``metrics``, ``initializers``,
``regularizers``, ``constraints`` and ``callbacks`` are Keras 3's; ``kernels`` has the bare loops; ``datasets`` has data
to begin with; ``plotting`` draws.
"""

from typing import TYPE_CHECKING, Any

from nnfast import _start as _start  # before anything that imports the core
from nnfast import (
    activations,
    callbacks,
    constraints,
    exceptions,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from nnfast.config import get_num_threads, set_num_threads, show_config
from nnfast.models import Sequential, load_model

if TYPE_CHECKING:
    from nnfast import datasets, kernels, plotting

__all__ = [
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "exceptions",
    "get_num_threads",
    "initializers",
    "kernels",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "optimizers",
    "plotting",
    "regularizers",
    "schedules",
    "set_num_threads",
    "show_config",
]


_LAZY_MODULES = ("datasets", "kernels", "plotting")


def __getattr__(name: str) -> Any:
    # What most programs never touch is imported when it is.
    if name == "__version__":
        from nnfast.config import get_version

        return get_version()
    if name in _LAZY_MODULES:
        from importlib import import_module

        return import_module(f"nnfast.{name}")
    raise AttributeError(f"module 'nnfast' has no attribute {name!r}")
