"""loading: a process that reads files while every event of the interpreter is watched; see parts/loads.py. JSON.

python tests/soak/loading.py FORM SEED N_FILES
"""

import json
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from soak.hostile.attack_folder import choose_folder
from soak.hostile.forms import get_form

_FORBIDDEN = (
    *("import", "exec", "compile", "code.__new__", "function.__new__", "marshal.", "pickle.", "ctypes.", "shutil."),
    *(
        "os.system",
        "os.exec",
        "os.fork",
        "os.posix_spawn",
        "os.startfile",
        "os.putenv",
        "subprocess.",
        "socket.",
        "urllib.",
    ),
    *("os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate", "pty.", "webbrowser."),
)
_WARM = 300
"""Files read before: what reading needs is imported then, what a file could ask for would be new."""


class Watch:
    """Counts events while it is told to."""

    def __init__(self, path: Path) -> None:
        self.events: Counter[str] = Counter()
        self.is_on = False
        self._path = str(path)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event.startswith(_FORBIDDEN):
            self.events[f"{event} {str(arguments[:1])[:80]}"] += 1
        elif event == "open" and str(arguments[0]) != self._path and not isinstance(arguments[0], int):
            self.events[f"open {arguments[0]}"] += 1


def main(name: str, seed: int, n_files: int) -> None:
    warnings.simplefilter("ignore")
    form = get_form(name)
    with tempfile.TemporaryDirectory(dir=choose_folder()) as folder:
        path = Path(folder, f"file.{name}.safetensors")
        watch = Watch(path)
        sys.addaudithook(watch)
        n_loaded = 0
        for number in range(-_WARM, n_files):
            path.write_bytes(form.make(Random(f"load {name} {seed} {number}")))
            watch.is_on = number >= 0
            try:
                form.load(path)
                n_loaded += number >= 0
            except form.error:
                pass
            watch.is_on = False
    events = [f"{n} x {event}" for event, n in watch.events.items()]
    print(json.dumps({"loaded": n_loaded, "events": events}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
