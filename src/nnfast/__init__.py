"""nnfast: trains and serves dense neural networks on a CPU, fast.

``Sequential`` and the names in ``layers``, ``losses``, ``optimizers``, ``metrics``, ``initializers`` and ``callbacks``
are Keras 3's; ``kernels`` has the bare loops; ``datasets`` has data to begin with.
"""

from nnfast import activations, callbacks, exceptions, initializers, kernels, layers, losses, metrics, optimizers
from nnfast.config import get_num_threads, set_num_threads, show_config
from nnfast.models import Sequential, load_model

__all__ = [
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "exceptions",
    "get_num_threads",
    "initializers",
    "kernels",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "optimizers",
    "set_num_threads",
    "show_config",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from nnfast.config import get_version

        return get_version()
    raise AttributeError(f"module 'nnfast' has no attribute {name!r}")
