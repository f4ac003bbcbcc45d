"""Interrupts: Ctrl-C and SIGTERM at random instants.

An interrupt must come out within 200 ms and a batch. After one in `fit` the weights are those that some whole number of
batches leaves; training on from there gives the bits of a run without an interrupt. The program is `nnfast train`.
"""

import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nnfast
from nnfast.exceptions import ModelFileError
from soak import children
from soak.row import Row, Size

LATEST = 0.2  # seconds; a batch takes a millisecond
LATEST_BESIDE_OTHERS = 1.0  # in the short form, on a machine that has other things to do
BORDER = "out within 200 ms; weights of a batch border; training on is exact"
CALLS = {
    "fit": ("Ctrl-C in `fit`", BORDER, 100),
    "fit_with_callbacks": ("Ctrl-C in `fit` with hooks of batches and validation", BORDER, 80),
    "fit_on_stream": (
        "Ctrl-C in `fit` on a stream",
        "out within 200 ms; weights of a batch border; the next `fit` is exact",
        60,
    ),
    "fit_many": ("Ctrl-C in `fit_many`", BORDER, 50),
    "predict": ("Ctrl-C in `predict`", "out within 200 ms; the model as before", 80),
    "evaluate": ("Ctrl-C in `evaluate`", "out within 200 ms; the model as before", 70),
    "save": (
        "Ctrl-C in `save` over a file",
        "out within 200 ms, fsync aside; the file is the old one or the new one; no other is left",
        60,
    ),
    "load": ("Ctrl-C in `load_model`", "the file loads", 50),
}

ENDLESS = """
import signal, sys, time
sys.path.insert(0, {tests!r})
from soak import small

def end(number, frame):
    raise SystemExit(7)

if {has_handler}:
    signal.signal(signal.SIGTERM, end)
model, (x, y) = small.make_model(), small.make_data()
model.fit(x, y, verbose=0)
print("ready", flush=True)
try:
    model.fit(x, y, epochs=10**9, verbose=0)
finally:
    print(time.monotonic(), flush=True)
"""


def strike_call(name: str, size: Size) -> Row:
    fault, must, n_interrupts = CALLS[name]
    n_interrupts, latest = size.pick((2, LATEST_BESIDE_OTHERS), (n_interrupts, LATEST))
    outcomes = children.ask("interrupted.py", [name, n_interrupts, size.seed], 30 + 20 * n_interrupts)
    outcomes = outcomes or [(9.9, False)] * n_interrupts
    late = sum(seconds > latest for seconds, _ in outcomes)
    bad = sum(not is_well for _, is_well in outcomes)
    worst = max(seconds for seconds, _ in outcomes)
    failed = sum(seconds > latest or not is_well for seconds, is_well in outcomes)
    return Row(fault, must, n_interrupts, failed, f"latest after {worst * 1e3:.0f} ms; {late} late, {bad} not valid")


def terminate(has_handler: bool, after: float) -> tuple[int, float]:
    """The exit code of a process whose ``fit`` gets SIGTERM, and the seconds until that, or the process, ended."""
    program = ENDLESS.format(tests=str(Path(__file__).parent.parent.parent), has_handler=has_handler)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after)
        sent = time.monotonic()
        process.terminate()
        try:
            code, end = process.wait(10), time.monotonic()
            return code, float(process.stdout.read() or end) - sent
        except subprocess.TimeoutExpired:
            process.kill()
            return 0, 10.0


def train(number: int, after: float, folder: Path) -> tuple[int, str, bool]:
    """Exit code and last line of ``nnfast train`` that gets a signal, and whether what it left is whole."""
    command = [sys.executable, "-u", "-m", "nnfast", "train", "digits", "--epochs", "1000000"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, text=True, **streams) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                break
        time.sleep(after)
        process.send_signal(number)
        try:
            _, message = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            return 0, "", False
    return process.returncode, message.strip(), is_whole(folder)


def is_whole(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()]
    try:
        return not names or (names == ["digits.safetensors"] and bool(nnfast.load_model(folder / names[0])))
    except ModelFileError:
        return False


def end_programs(number: int, n: int, instants: random.Random) -> Row:
    ends = []
    for _ in range(n):
        with tempfile.TemporaryDirectory() as folder:
            ends.append(train(number, instants.uniform(0, 2), Path(folder)))
    if number == signal.SIGINT:
        expected, fault, must = 130, "Ctrl-C in `nnfast train`", "exit code 130, says where the model is, and it loads"
        said = r"interrupted: after \d+ of 1000000 epochs; the model so far is in digits\.safetensors; --resume goes .*"
    else:
        expected, fault, must = -number, "SIGTERM in `nnfast train`", "ends by the signal; a model that is there loads"
        said = ""
    failed = sum(code != expected or not whole or not re.fullmatch(said, text) for code, text, whole in ends)
    return Row(fault, must, n, failed, f"exit codes {', '.join(map(str, sorted({end[0] for end in ends})))}")


def rows(size: Size) -> Iterator[Row]:
    instants = random.Random(size.seed)
    for name in CALLS:
        yield strike_call(name, size)
    for has_handler, code, must in (
        (False, -signal.SIGTERM, "ends by the signal"),
        (True, 7, "ends as the handler says"),
    ):
        n, latest = size.pick((1, LATEST_BESIDE_OTHERS), (20, LATEST))
        ends = [terminate(has_handler, instants.uniform(0, 0.5)) for _ in range(n)]
        failed = sum(end != code or seconds > latest for end, seconds in ends)
        figure = f"latest after {max(seconds for _, seconds in ends) * 1e3:.0f} ms"
        fault = "SIGTERM in `fit`, " + ("a handler that raises SystemExit(7)" if has_handler else "no handler")
        yield Row(fault, must, n, failed, figure)
    for number in (signal.SIGINT, signal.SIGTERM):
        yield end_programs(number, size.pick(1, 10), instants)
