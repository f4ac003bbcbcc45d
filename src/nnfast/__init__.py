"""nnfast: trains and serves dense neural networks on a CPU, fast.

``Sequential`` and the names in ``layers``, ``losses``, ``optimizers``, ``schedules``, ``metrics``, ``initializers``,
``regularizers``, ``constraints`` and ``callbacks`` are Keras 3's; ``kernels`` has the bare loops; ``datasets`` has data
to begin with, ``data`` readers of files and batches of what is larger than memory, ``preprocessing`` what is done to
data before training; ``plotting`` draws, ``report`` writes a page; ``export`` is for other programs, ``sklearn`` has
scikit-learn's estimators.
"""

from typing import TYPE_CHECKING, Any

from nnfast import exceptions
from nnfast.config import get_num_threads, set_num_threads, show_config

if TYPE_CHECKING:
    from nnfast import (
        activations,
        callbacks,
        constraints,
        data,
        datasets,
        export,
        initializers,
        kernels,
        layers,
        losses,
        metrics,
        optimizers,
        plotting,
        preprocessing,
        regularizers,
        report,
        schedules,
    )
    from nnfast._many import fit_many
    from nnfast.models import Sequential, load_model

__all__ = [
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "exceptions",
    "export",
    "fit_many",
    "get_num_threads",
    "initializers",
    "kernels",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "optimizers",
    "plotting",
    "preprocessing",
    "regularizers",
    "report",
    "schedules",
    "set_num_threads",
    "show_config",
]

_PLACES = {"Sequential": "nnfast.models", "load_model": "nnfast.models", "fit_many": "nnfast._many"}


def __getattr__(name: str) -> Any:
    # Imported when first touched: a program pays for the words it uses.
    from importlib import import_module

    if name == "__version__":
        from nnfast.config import get_version

        return get_version()
    if name in _PLACES:
        globals()[name] = getattr(import_module(_PLACES[name]), name)
        return globals()[name]
    if name in __all__ or name == "sklearn":
        return import_module(f"nnfast.{name}")
    raise AttributeError(f"module 'nnfast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
