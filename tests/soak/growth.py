"""By how many bytes a process grows while it makes a call again and again, after it has made it often.

python tests/soak/growth.py CALL TIMES FOLDER
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

import resource

import nnfast
from soak.entry_points import X, Y, make_plain

N_BEFORE = 500


def get_resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    what, n, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    model, path = make_plain(), folder / "growing.safetensors"
    model.fit(X, Y, verbose=0)
    model.save(path)
    call = {
        "fit": lambda: model.fit(X, Y, verbose=0),
        "predict": lambda: model.predict(X),
        "load_model": lambda: nnfast.load_model(path),
        "save": lambda: model.save(path),
    }[what]
    for _ in range(N_BEFORE):
        call()
    before = get_resident()
    for _ in range(n):
        call()
    print(get_resident() - before)


if __name__ == "__main__":
    main()
