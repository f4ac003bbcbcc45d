"""What loading the core does to the process: nothing stays in the environment, and no thread spins between calls."""

import os
import subprocess
import sys

PROGRAM = """
import time
import numpy as np
import nnfast
from nnfast.layers import Dense, Input
nnfast.set_num_threads(2)
model = nnfast.Sequential([Input(400), Dense(512, activation="relu"), Dense(10)], seed=0)
x = np.ones((2000, 400), np.float32)
used = 0.0
for _ in range(10):
    model.predict(x)
    start = time.process_time()
    time.sleep(0.02)
    used += time.process_time() - start
print(used)
"""


def run(**environment: str) -> str:
    quiet = {"OPENBLAS_NUM_THREADS": "1"}  # whose threads are not ours
    inherited = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    command = [sys.executable, "-c", PROGRAM + "import os; print(os.environ.get('GOMP_SPINCOUNT'))"]
    return subprocess.run(
        command, env=inherited | quiet | environment, check=True, capture_output=True, text=True
    ).stdout


def test_no_thread_spins_between_calls() -> None:
    """GNU's runtime left to itself uses 5 ms of each of the ten pauses."""
    used, left = run().split()
    assert float(used) < 0.025
    assert left == "None"


def test_what_the_user_has_set_counts() -> None:
    assert run(GOMP_SPINCOUNT="77").split()[1] == "77"
