"""The scenarios of parts/forks.py with other libraries, for contrast: a table of its own below ours.

python tests/soak/contrast_forks.py        # of those of torch, scikit-learn and lightgbm that are installed
"""

import json
import os
import sys
from datetime import date
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

from soak import children, log
from soak.fork_scenarios import SCENARIOS
from soak.parts import forks

TITLES = {"torch": "PyTorch", "sklearn": "scikit-learn", "lightgbm": "LightGBM"}
PACKAGES = {"sklearn": "scikit-learn"}
WHAT = {"torch": "two `Linear` layers, Adam", "sklearn": "`HistGradientBoostingClassifier`", "lightgbm": "`train`"}
N_CHILDREN = 5


def count(library: str, scenario: str) -> list[int]:
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    seconds = 30 + 12 * N_CHILDREN
    counts = children.ask(forks.PROGRAM, [library, N_CHILDREN, scenario], seconds, env=environment)
    return list((counts or {scenario: [0, 0, N_CHILDREN]})[scenario])


def main() -> None:
    contrast: dict[str, object] = {"command": "python tests/soak/contrast_forks.py", "date": date.today().isoformat()}
    lines = []
    for library, title in TITLES.items():
        version = metadata.version(PACKAGES.get(library, library))
        for scenario in SCENARIOS:
            same, other, hung = count(library, scenario)
            lines.append(
                [f"{title} {version}: {WHAT[library]}", forks.SCENARIOS[scenario][0], same + other + hung, hung, other]
            )
            print(*lines[-1], sep=", ", flush=True)
    contrast["columns"] = ["library", "fork", "tried", "hung", "other bits"]
    contrast["lines"] = lines
    (log.LOGS / "contrast").mkdir(exist_ok=True)
    (log.LOGS / "contrast" / "forks.json").write_text(json.dumps(contrast, indent=1) + "\n")
    log.PAGE.write_text(log.make_page())


if __name__ == "__main__":
    main()
