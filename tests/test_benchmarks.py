"""The pure parts of benchmarks/, and the rival that needs nothing but NumPy."""

import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def path() -> Any:
    """The benchmarks are no part of the package: they are found from the repository's root."""
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


@pytest.fixture
def harness(path: None) -> Any:
    return importlib.import_module("benchmarks.harness")


@pytest.fixture
def report(path: None) -> Any:
    return importlib.import_module("benchmarks.report")


def load(kind: str, name: str) -> Any:
    return importlib.import_module(f"benchmarks.{kind}.{name}")


def find_tasks(kind: str) -> list[str]:
    from nnfast.cli import workloads

    tasks = workloads.TRAIN_TASKS if kind == "train" else workloads.PREDICT_TASKS
    return [task.name for task in tasks]


def test_every_kind_is_found(harness: Any) -> None:
    contestants = importlib.import_module("benchmarks.contestants")
    folders = {path.parent.name for path in (ROOT / "benchmarks").glob("*/nnfast.py")}
    assert folders == set(harness.KINDS)
    for kind in folders:
        rivals = contestants.find_rivals(kind)
        assert rivals[0] == "nnfast"
        assert {"pytorch", "jax", "sklearn"} < set(rivals)
    assert set(harness.TASKS) == {*find_tasks("train"), *find_tasks("predict"), "mnist98"}


@pytest.mark.parametrize("name", find_tasks("train"))
def test_numpy_trains_as_nnfast_does(name: str, harness: Any, request: pytest.FixtureRequest) -> None:
    task = importlib.import_module("benchmarks.contestants").find_task("train", name)
    if task.make_x is None:
        request.getfixturevalue("mnist_folder")
    data = task.make_data(min(task.check_rows, 2 * (task.batch_size or 50) + 1))
    results = []
    for rival in ("nnfast", "numpy"):
        trained = load("train", rival).Rival(task, data, 2)
        trained.run(1, shuffle=False)
        results.append(trained.get_results())
    assert [a.shape for a in results[1]] == [a.shape for a in data.weights]
    assert 0 < harness.measure_distance(results[1], results[0], data.weights) <= task.check_tolerance


@pytest.mark.parametrize("name", find_tasks("predict"))
def test_numpy_predicts_as_nnfast_does(name: str, harness: Any) -> None:
    task = importlib.import_module("benchmarks.contestants").find_task("predict", name)
    data = task.make_data(task.n_rows)
    results = []
    for rival in ("nnfast", "numpy"):
        computed = load("predict", rival).Rival(task, data, 2)
        computed.run(2, shuffle=False)
        results.append(computed.get_results())
    assert harness.measure_distance(results[1], results[0], []) <= task.check_tolerance


def test_shuffled_epochs_train_too() -> None:
    task = importlib.import_module("benchmarks.contestants").find_task("train", "online30_b1_sgd")
    data = task.make_data(60)
    weights = []
    for shuffle in (False, True):
        rival = load("train", "numpy").Rival(task, data, 1)
        rival.run(1, shuffle=shuffle)
        weights.append(rival.get_results())
    assert (weights[0][0] != weights[1][0]).any()


def test_files_larger_than_memory(tmp_path: Path) -> None:
    """The command runs, and fails when a limit is passed."""
    command = [sys.executable, "-m", "benchmarks.larger_than_memory", "--large", "0.02", "--small", "0.01"]
    command += ["--turns", "1", "--least", "0", "--folder", str(tmp_path)]
    results = [
        subprocess.run([*command, "--most", most], cwd=ROOT, capture_output=True, text=True) for most in ("300", "1")
    ]
    assert [result.returncode for result in results] == [0, 1]
    assert re.search(r"0.02 GB, 6,377 rows: at most \d+ MB, [\d,]+ samples/s\n0.01 GB, .* ratio", results[0].stdout)
    assert not list(tmp_path.iterdir())


def test_what_the_promise_costs(path: None) -> None:
    promise = importlib.import_module("benchmarks.promise")
    found = promise.Comparison([80.0, 100.0], [0.7, 0.75, 0.8, 0.85, 0.9], 1e-7)
    line = " ".join(promise.describe("a", found).split())
    assert line == "a 80 100 20.0 % 12.5 to 27.5 % 1e-07 apart"


def test_sums_are_reordered_only_where_it_is_asked_for(tmp_path: Path) -> None:
    """In every file of the core; and nothing is asked for that takes NaN from us or changes a process that loads us."""
    command = ["cmake", "-S", ROOT, "-B", tmp_path, "-DNNFAST_BUILD_PYTHON=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    freedoms = {"-fassociative-math", "-fno-signed-zeros", "-freciprocal-math", "-ffp-contract=fast"}
    for options, allowed in ([], set()), (["-DNNFAST_MAY_REORDER=ON"], freedoms):
        subprocess.run([*command, *options], check=True, capture_output=True)
        files = json.loads((tmp_path / "compile_commands.json").read_text())
        assert len(files) > 30
        for file in files:
            flags = set(shlex.split(file["command"]))
            assert flags & freedoms == allowed, file
            assert not flags & {"-ffast-math", "-ffinite-math-only", "-Ofast"}
            assert allowed or "-ffp-contract=off" in flags


class FakeContestant:
    def __init__(self, name: str, rates: list[float], result: float = 1.0) -> None:
        self.name, self.rates, self.result = name, rates, result
        self.notes: dict[str, Any] = {}

    def get_results(self) -> list[list[float]]:
        return [[self.result]]

    def stop(self) -> None:
        pass


def test_ratios_are_those_of_turns(harness: Any) -> None:
    ours, slow, fast = (
        FakeContestant(name, rates)
        for name, rates in (("nnfast", [10, 20, 40]), ("slow", [1, 2, 4]), ("fast", [5, 5, 10]))
    )
    row = harness.summarize(fast, ours, 2, 1.0)
    assert row["rate"] == 5
    assert row["nnfast_is_faster_by"] == 4
    assert row["share_of_peak"] == 1e-8
    assert harness.compare_with_best([ours, slow, fast]) == 4
    assert harness.compare_with_best([ours]) is None


def test_other_results_are_not_timed(harness: Any) -> None:
    task = importlib.import_module("benchmarks.contestants").find_task("predict", "rows_mnist128")
    ours, near, far = (FakeContestant(name, [], value) for name, value in (("nnfast", 1), ("a", 1 + 1e-7), ("b", 1.1)))
    contestants, left_out = [ours, near, far], {}
    assert harness.check_equal(task, contestants, left_out) == {"nnfast": 0, "a": pytest.approx(1e-7)}
    assert contestants == [ours, near]
    assert left_out == {"b": "it does not compute what nnfast does: 1.0e-01 apart"}


def test_obstacles(harness: Any) -> None:
    contestants, left_out = [FakeContestant("nnfast", []), FakeContestant("other", [])], {}

    def refuse(name: str) -> Any:
        def ask(contestant: Any) -> str:
            if contestant.name == name:
                raise harness.Obstacle("no")
            return "yes"

        return ask

    assert harness.ask_all(contestants, left_out, refuse("other")) == {"nnfast": "yes"}
    assert left_out == {"other": "no"}
    with pytest.raises(harness.Obstacle):
        harness.ask_all(contestants, left_out, refuse("nnfast"))


def make_results() -> list[dict[str, Any]]:
    machine = {
        "cpu": "A CPU",
        "isa": "avx2",
        "usable_cores": 2,
        "threads": 2,
        "load_average": 0.1,
        "peak_gflops": 100.0,
        "bandwidth_gb_per_second": 20.0,
        "python": "3.11",
        "date": "2026-01-01T00:00:00",
    }
    ours = {"system": "nnfast 1", "rate": 1e6, "share_of_peak": 0.5, "nnfast_is_faster_by": 1.0}
    other = {"system": "Other 2", "rate": 5e5, "share_of_peak": 0.25, "nnfast_is_faster_by": 2.0}
    runs = {"share_of_peak": 0.0, "accuracies": [0.981, 0.979], "share_that_reached_98": 0.5}
    return [
        {"task": task, "unit": unit, "machine": machine, "rivals": rivals, "ratio_to_best": ratio, "left_out": {}}
        for task, unit, rivals, ratio in (
            ("a", "samples/s", {"nnfast": ours, "other": other}, 2.0),
            ("b", "us/call", {"nnfast": ours}, None),
            ("mnist98", "s", {"nnfast": {**ours, **runs, "rate": 0.5}, "other": {**other, **runs, "rate": 0.25}}, 2.0),
        )
    ]


def test_markdown(report: Any) -> None:
    text = report.make_markdown(make_results())
    assert "| task | nnfast | other | nnfast / best other | share of peak |\n|---|---|---|---|---|\n" in text
    assert "| `a` | 1,000,000/s | 500,000/s | 2.00 | 50% |\n" in text
    assert "| `b` | 1.00 us |  |  | 50% |\n" in text
    assert "| `mnist98` | 2.00 s | 4.00 s | 2.00 |  |\n" in text
    assert "- nnfast: 0.9810, 0.9790; 50% of the runs reached 98.0 %\n" in text


def test_lines(report: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for result in make_results():
        report.print_result(result)
    output = capsys.readouterr().out
    assert "nnfast is 2.00 times as fast" in output
    assert "accuracy [0.981, 0.979]" in output


def test_chart(report: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report.draw_chart(make_results(), tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").read_text().count("mnist98")
