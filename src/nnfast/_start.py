"""_start: loads the core, and with it OpenMP's runtime, so that its threads sleep between calls.

GNU's runtime lets a thread without work spin for some milliseconds before it sleeps: on a core that others need. It can
be told otherwise only by the environment, which it reads once, when it is loaded. What the user has set there counts.
"""

import os
from importlib import import_module

_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
_SPINS = "1000"  # some 10 microseconds: a call that follows at once still finds the threads awake


def _load_core() -> None:
    if any(name in os.environ for name in _VARIABLES):
        import_module("nnfast._core")
        return
    os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        import_module("nnfast._core")
    finally:
        del os.environ["GOMP_SPINCOUNT"]


_load_core()
