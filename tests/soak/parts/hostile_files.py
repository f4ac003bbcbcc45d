"""Hostile files: what is damaged, or lies, is refused in one way, at once, with memory in proportion to the file.

Each file is made from the seed and its number: cut anywhere, bits flipped, sizes, places and types that are not so,
names twice or with `../`, objects, bombs, models that no model is. A process reads them; another one sees it crash or
hang. What is loaded has to be what another reader makes of the same bytes, or what was written; the error names the
file. Bombs are read up to 64 MiB, or a hundred times the file. What the parsers of pyarrow and onnx take themselves is
not counted, but all of a process may take 2 GiB.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from soak.hostile.attack import Tally, attack
from soak.hostile.form import Form
from soak.hostile.forms import get_forms
from soak.row import Row, Size

_N_PROCESSES = 2


def attack_together(name: str, n_files: int, seed: int) -> Tally:
    """Have as many processes as there are cores read a part each."""
    borders = [n_files * i // _N_PROCESSES for i in range(_N_PROCESSES + 1)]
    total = Tally()
    with ThreadPoolExecutor(_N_PROCESSES) as pool:
        for tally in pool.map(lambda i: attack(name, seed, borders[i], borders[i + 1]), range(_N_PROCESSES)):
            total.add(tally)
    return total


def make_row(form: Form, tally: Tally) -> Row:
    figure = (
        f"{tally.n_crashes} crashes, {tally.n_hangs} hangs; {tally.n_loaded:,} were whole; slowest "
        f"{tally.most_microseconds / 1000:,.0f} ms; most memory of one refused {tally.most_bytes / 2**20:,.1f} MiB"
    )
    must = f"refused by `{form.error.__name__}`, or the same content; <= {form.allowance}, <= 1 s of processor"
    return Row(form.title, must, tally.n_files, tally.n_faults + tally.n_crashes + tally.n_hangs, figure)


def rows(size: Size) -> Iterator[Row]:
    for name, form in get_forms().items():
        tally = attack_together(name, size.pick(120, form.n_files), size.seed)
        print(*tally.reports[:20], sep="\n", file=sys.stderr, end="\n" * bool(tally.reports))
        yield make_row(form, tally)
