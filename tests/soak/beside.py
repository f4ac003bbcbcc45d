"""A process that uses nnfast beside other libraries: the bits that it came to, alone and in a forked child.

python tests/soak/beside.py torch nnfast sklearn       # imports them in that order, and lets each work twice in turns
"""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

from soak.fork_libraries import LIBRARIES
from soak.fork_scenarios import run_child


def main() -> None:
    names = sys.argv[1:]
    for name in names:
        importlib.import_module(name)
    work: dict[str, Callable[[], bytes]] = {name: LIBRARIES[name]().fit_and_predict for name in names}
    ours = [work[name]() for _ in range(2) for name in names if work[name]() and name == "nnfast"]
    child = run_child(work["nnfast"])
    print(json.dumps([*(bits.hex() for bits in ours), child.hex() if child else "hung"]))


if __name__ == "__main__":
    main()
