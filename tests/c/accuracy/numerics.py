"""Measures every activation and every derivative, and writes docs/numerics.md: see README.md of this folder.

From the root of the repository, on x86-64 with gcc:

    python3 tests/c/accuracy/numerics.py --folder build/numerics                   # measure, and write the page
    python3 tests/c/accuracy/numerics.py --folder build/numerics --only gelu       # measure one pair, print
    python3 tests/c/accuracy/numerics.py --folder build/numerics --rotate          # what CI runs

What a folder holds already is not measured again, so that an interrupted run goes on.
"""

import argparse
import datetime as dt
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "numerics.md"
FLAGS = "-std=gnu11 -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp -Itests/c/accuracy -Icsrc"
LIBRARIES = "tests/c/accuracy/exact.c -lquadmath -lm"
ISA_FLAGS = {
    "avx512": "-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512",
    "avx2": "-mavx2 -mfma",
}
MOST_ULP = 2.0
NAMED_LESS = {"exponential": 1.0, "sigmoid": 1.0, "tanh": 1.0}  # going forward
BLOCK = 1024
N_BLOCKS = -(-(10**9) // BLOCK)  # of float64
STRIDE = 997  # of CI's look at every function; prime, so that all ends of the mantissa come along


class Row(NamedTuple):
    """A line of the program's output."""

    name: str
    worst_ulp: float
    worst_input: str
    falls: int
    outside: int
    inexact: int
    mode_differences: int
    is_sample: bool = False

    def list_faults(self) -> list[str]:
        allowed = NAMED_LESS.get(self.name.removesuffix("_forward"), MOST_ULP)
        faults = [f"{self.worst_ulp:.3f} ULP at {self.worst_input}"] if not self.worst_ulp <= allowed else []
        for number, what in (
            (self.falls, "times it falls"),
            (self.outside, "results outside the range"),
            (self.inexact, "special values not exact"),
            (self.mode_differences, "results that depend on denormals"),
        ):
            faults += [f"{number} {what}"] if number else []
        return [f"{self.name}: {fault}" for fault in faults]


def find_activations() -> list[str]:
    """The names of the core's list, but for those of whole rows."""
    text = (ROOT / "csrc/kernels/activations.h").read_text()
    elementwise = text.split("#define NNF_ROW_ACTIVATION_LIST")[0]
    return re.findall(r"ROW\([A-Z0-9_]+, (\w+), \w+\)", elementwise)


def choose_isa() -> str:
    return "avx512" if "avx512vl" in Path("/proc/cpuinfo").read_text() else "avx2"


def build(folder: Path, bits: int, isa: str) -> Path:
    program = folder / f"accuracy_f{bits}_{isa}"
    options = f"{FLAGS} {ISA_FLAGS[isa]} -DREAL_BITS={bits} csrc/kernels/isa/{isa}.c {LIBRARIES}".split()
    subprocess.run(["gcc", *options, "-o", str(program)], cwd=ROOT, check=True)
    return program


def run(program: Path, function: str, amount: int) -> list[Row]:
    output = subprocess.run([program, function, str(amount)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return parse(output)


def parse(output: str) -> list[Row]:
    rows = [line.split() for line in output.splitlines() if line and not line.startswith("function ")]
    return [Row(w[0], float(w[1]), w[2], *map(int, w[3:7])) for w in rows]


def find_result(folder: Path, program: Path, name: str, amount: int) -> Path:
    return folder / program.name.split("_")[1] / f"{name}_{amount}.txt"


def measure(folder: Path, program: Path, name: str, amount: int) -> Row:
    """One function; what the folder holds already is read."""
    path = find_result(folder, program, name, amount)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        output = subprocess.run([program, name, str(amount)], stdout=subprocess.PIPE, text=True, check=True).stdout
        path.write_text(output)
    return parse(path.read_text())[0]


def find_faults(rows: list[Row]) -> list[str]:
    return [fault for row in rows for fault in row.list_faults()]


def rotate(folder: Path) -> list[str]:
    """Every function on each 997th float, and one pair, another each day, on all of them."""
    program = build(folder, 32, choose_isa())
    rows = [row for row in run(program, "all", STRIDE) if re.search("_(forward|backward)$", row.name)]
    names = find_activations()
    today = names[dt.date.today().toordinal() % len(names)]
    print(f"{len(rows)} functions on each {STRIDE}th float; today all floats: {today}", flush=True)
    rows += run(program, today, 1)
    for row in rows[-2:]:
        print(f"{row.name}: {row.worst_ulp:.3f} ULP at {row.worst_input}")
    return find_faults(rows)


# ---- the page --------------------------------------------------------------------------------------------------------

HEAD = """# Accuracy of the activations

Written by `tests/c/accuracy/numerics.py`; the command that repeats it stands at the end.

An error is the distance to the exact value in ULP, units of the exact value's last place: 0.5 is the best that
rounding allows. The exact value is a formula of the C library, in double for float32, in 113-bit arithmetic for
float64, where 64-bit arithmetic (x87) first tells the inputs whose error may be the largest. Where
`csrc/kernels/activations.h` says that a derivative follows from the output y, it is measured as a function of the y
that is saved. Results below the normal numbers may be 0, as denormals are flushed inside a call. Parameters are
Keras's defaults, but for the slope of leaky_relu, which is 1.

- float32: **every input**, all 2^32 where the domain is all floats{samples}.
- float64: the largest error seen in {n_samples:,} inputs, half of any exponent, half between -16 and 16.
- Looked at beside: at -inf, -0, 0 and inf the result is the exact value wherever that is a real, and NaN gives NaN
  going forward; no result is outside the function's range (sigmoid in [0, 1], tanh in [-1, 1], and so on); none
  depends on whether denormals are flushed. {holds}
- Monotone: between two neighbouring floats no function falls that does not fall by its nature, as gelu, gelu_tanh,
  silu, mish and hard_swish do{exceptions}.

All instruction sets give the same bits, so the table is that of each.

| function | float32, ULP | at | float64, ULP | at |
|---|---|---|---|---|
"""

FOOT = """
softmax and log_softmax look at whole rows; `tests/test_kernels.py` says what is asked of them.

## To repeat it

```sh
python3 tests/c/accuracy/numerics.py --folder build/numerics
```

needs gcc on x86-64 and takes an hour on a core; `--only gelu` measures one pair in a few minutes. Every run of
`.ci/run` looks at all functions on each {stride}th float, and at one pair, another each day, on all of them: whether a
function falls, only neighbours tell.
"""


def format_name(row: Row) -> str:
    return row.name.removesuffix("_forward").replace("_backward", "'")


def format_input(row: Row) -> str:
    return "" if row.worst_ulp == 0 else f"`{row.worst_input}`"


def write_page(single: list[Row], double: list[Row], step: int) -> None:
    falling = [f"{format_name(row)}, by one ULP, at {row.falls:,} floats" for row in single if row.falls]
    holds = not any(row.outside or row.inexact or row.mode_differences for row in [*single, *double])
    text = HEAD.format(
        samples=f", or *each {step}th" if any(row.is_sample for row in single) else "",
        n_samples=N_BLOCKS * BLOCK,
        holds="All of that holds." if holds else "NOT ALL OF THAT HOLDS.",
        exceptions=f"; but {', '.join(falling)}" if falling else "",
    )
    for a, b in zip(single, double, strict=True):
        star = "*" if a.is_sample else ""
        text += f"| {format_name(a)} | {star}{a.worst_ulp:.3f} | {format_input(a)} "
        text += f"| {b.worst_ulp:.3f} | {format_input(b)} |\n"
    PAGE.write_text(text + FOOT.format(stride=STRIDE))


def measure_all(folder: Path, names: list[str], step: int) -> tuple[list[Row], list[Row]]:
    isa = choose_isa()
    programs = [build(folder, bits, isa) for bits in (32, 64)]
    single, double = [], []
    for name in [f"{activation}_{way}" for activation in names for way in ("forward", "backward")]:
        is_sample = step > 1 and not find_result(folder, programs[0], name, 1).exists()
        row = measure(folder, programs[0], name, step if is_sample else 1)
        single.append(row._replace(is_sample=is_sample))
        double.append(measure(folder, programs[1], name, N_BLOCKS))
        print(f"{name:40} {single[-1].worst_ulp:8.4f} {double[-1].worst_ulp:8.4f}", flush=True)
    return single, double


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the accuracy of the activations.")
    parser.add_argument("--folder", type=Path, required=True, help="where programs and results are kept")
    parser.add_argument("--only", help="one activation; no page is written")
    parser.add_argument("--step", type=int, default=1, help="take each so many-th float, where not all are done yet")
    parser.add_argument("--rotate", action="store_true", help="a quick look at all, a whole one at one of them")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.rotate:
        faults = rotate(folder)
    else:
        single, double = measure_all(folder, [arguments.only] if arguments.only else find_activations(), arguments.step)
        faults = find_faults([*single, *double])
        if not arguments.only:
            write_page(single, double, arguments.step)
    print("\n".join(faults))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
