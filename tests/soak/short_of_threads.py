"""A process that cannot have the threads that it asks for: what it says of training and predicting, as JSON.

    python tests/soak/short_of_threads.py WAY N_MORE N_THREADS

WAY: processes (RLIMIT_NPROC, as another user if this one is root), group (pids.max of the group that SOAK_GROUP names)
or memory (RLIMIT_AS). N_MORE threads may be created, of memory's none.
"""

import hashlib
import json
import os
import resource
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

import numpy as np
import safetensors.numpy  # noqa: F401  # all that loads code does so before

import nnfast
from nnfast import kernels
from soak import small


def limit_processes(n_more: int) -> None:
    if os.geteuid() == 0:
        os.setresuid(*[61_000 + os.getpid() % 4000] * 3)  # no one: this process is all that the user has
        n_own = len(list(Path("/proc/self/task").iterdir()))
    else:
        n_own = 0  # more than that there are: none can be created
    resource.setrlimit(resource.RLIMIT_NPROC, (n_own + n_more, n_own + n_more))


def limit_group(n_more: int) -> None:
    group = Path(os.environ["SOAK_GROUP"])
    n_own = len(list(Path("/proc/self/task").iterdir()))
    (group / "pids.max").write_text(str(n_own + n_more))
    (group / "cgroup.procs").write_text(str(os.getpid()))


def limit_memory(_: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (7 << 20)  # a thread's stack takes 8 MiB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


LIMITS = {"processes": limit_processes, "group": limit_group, "memory": limit_memory}


def main() -> None:
    way, n_more, n_threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    x, y = small.make_data(1000)
    model = small.make_model()
    model.fit(x[:1], y[:1], verbose=0)
    LIMITS[way](n_more)
    nnfast.set_num_threads(n_threads)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            model.fit(x, y, batch_size=250, verbose=0)
        outputs = model.predict(x, verbose=0)
        loss = model.evaluate(x, y, verbose=0)
        product = kernels.dense_forward(x, np.ones((64, 64), "float32"))
    messages = [str(warning.message) for warning in told]
    bits = small.get_bits(model) + hashlib.sha256(outputs.tobytes() + product.tobytes()).hexdigest() + float(loss).hex()
    n_tasks = len(list(Path("/proc/self/task").iterdir()))
    print(json.dumps({"messages": messages, "bits": bits, "threads": n_tasks}))


if __name__ == "__main__":
    main()
