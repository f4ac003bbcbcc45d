"""What threads cost between calls: nothing."""

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


def test_no_thread_spins_between_calls() -> None:
    quiet = {"OPENBLAS_NUM_THREADS": "1"}  # whose threads are not ours
    command = [sys.executable, "-c", PROGRAM]
    used = subprocess.run(command, env=os.environ | quiet, check=True, capture_output=True, text=True).stdout
    assert float(used) < 0.025
