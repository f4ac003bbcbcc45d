"""recipe: what every program trains, and how; kept free of imports that cost time.

Glorot's uniform weights, biases of 0, ReLU and softmax, Adam with the usual constants, float32; pixels are divided by
255; every epoch goes through all 60,000 images in an order of its own. No run looks at the test images before its end.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

SIZES = (784, 256, 128, 10)
BATCH_SIZE = 64
LEARNING_RATES = (3e-3, 1.5e-3, 6e-4, 2e-4)
"""One an epoch."""
GOAL = 0.98
MNIST_FOLDER = "NNFAST_MNIST"


class Task(NamedTuple):
    """One run a turn; ``programs.Program`` knows how."""

    name: str
    unit: str
    flop_per_row: int

    def find_obstacle(self) -> str | None:
        if not os.environ.get(MNIST_FOLDER):
            return f"{MNIST_FOLDER} names no folder with MNIST's four IDX files"
        return None


TASKS = (Task("mnist98", "s", 0),)


def load() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(images, labels) to train with and to test with, uint8."""
    import numpy as np

    def read(name: str, n_header_bytes: int) -> Any:
        import gzip

        path = Path(os.environ[MNIST_FOLDER], name)
        data = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
        return np.frombuffer(data, np.uint8, offset=n_header_bytes)

    parts = [
        (read(f"{part}-images-idx3-ubyte", 16).reshape(-1, SIZES[0]), read(f"{part}-labels-idx1-ubyte", 8))
        for part in ("train", "t10k")
    ]
    return parts[0], parts[1]


def draw_weights(seed: int) -> Iterator[tuple[Any, Any]]:
    """Kernel and bias of each layer."""
    import numpy as np

    rng = np.random.default_rng(seed)
    for fan_in, fan_out in pairwise(SIZES):
        limit = (6 / (fan_in + fan_out)) ** 0.5
        yield rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32), np.zeros(fan_out, np.float32)


def get_threads() -> int:
    return int(os.environ["OMP_NUM_THREADS"])


def run(train: Callable[[int], tuple[str, float]]) -> None:
    """Train with the seed of the command line and print what the system is, and its accuracy."""
    system, accuracy = train(int(sys.argv[1]))
    print(json.dumps({"system": system, "accuracy": round(float(accuracy), 4)}))
