"""commands.py: what tests of the program ``nnfast`` share: running it, reading what it says, and tables to train on."""

import csv
import json
import re

import numpy as np
from click.testing import CliRunner

from nnfast.cli.program import program


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(program, [str(argument) for argument in arguments], **options)
    assert result.exit_code == code, result.output
    return result.output


def run_json(*arguments):
    """Run a command and read the one JSON document that it writes to standard output."""
    result = CliRunner().invoke(program, [str(argument) for argument in (*arguments, "--json")])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def read_figure(name, output):
    return float(re.search(rf"{name} (-?[\d.]+)", output)[1])


def list_files(folder):
    return sorted(path.name for path in folder.iterdir())


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def write_flowers(path, n_rows=90):
    """Three kinds that two of three measures tell apart, the third far from 0."""
    rng = np.random.default_rng(0)
    kinds = np.arange(n_rows) % 3
    x = rng.normal(size=(n_rows, 3)) * 0.3 + kinds[:, None] * [1, -1, 0] + [0, 0, 1000]
    lines = [
        ",".join(map(repr, row)) + "," + ("rose", "tulip", "wild, red")[k].join('""')
        for row, k in zip(x.tolist(), kinds)
    ]
    path.write_text("\n".join(["length,width,height,kind", *lines]) + "\n")
    return path


def write_prices(path, n_rows=200):
    rng = np.random.default_rng(1)
    x = rng.uniform(50, 150, (n_rows, 2)).round(2)
    y = 1000 + x @ [20, -10]
    path.write_text("price,area,age\n" + "".join(f"{p!r},{a!r},{b!r}\n" for p, (a, b) in zip(y.tolist(), x.tolist())))
    return path
