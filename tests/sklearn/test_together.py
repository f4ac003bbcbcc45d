"""The estimators within scikit-learn: frames, searches, pipelines, routed weights, callbacks, its tests of its MLP."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from digit_problems import make_digits, make_target
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nnfast
from nnfast.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"random_state": 0, "max_iter": 5, "hidden_layer_sizes": 20}


# ---- frames ----------------------------------------------------------------------------------------------------------


def make_pandas(x):
    return pd.DataFrame(x, columns=[f"pixel {i}" for i in range(x.shape[1])])


def make_polars(x):
    return pl.DataFrame(x, schema=[f"pixel {i}" for i in range(x.shape[1])])


@pytest.mark.parametrize("make", [make_pandas, make_polars])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_frames(kind, make):
    """Names are kept and compared; nobody is warned of arrays without names that we made ourselves."""
    x, y = make_digits()
    frame, series = make(x), {make_pandas: pd.Series, make_polars: pl.Series}[make](y)
    model, other = kind(early_stopping=True, **SHORT), kind(early_stopping=True, **SHORT)
    model.fit(frame, series, X_val=frame[:50], y_val=series[:50])
    np.testing.assert_array_equal(model.predict(frame), other.fit(x, y, X_val=x[:50], y_val=y[:50]).predict(x))
    assert model.feature_names_in_.tolist() == list(frame.columns)
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(frame[list(frame.columns)[::-1]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(x)


def test_names_of_classes_in_a_frame():
    x, y = make_digits()[0], make_target("two")
    model = MLPClassifier(early_stopping=True, **SHORT).fit(make_pandas(x), pd.Series(y, dtype="category"))
    assert model.classes_.tolist() == ["large", "small"]
    assert set(model.predict(make_pandas(x))) <= {"large", "small"}


# ---- searches --------------------------------------------------------------------------------------------------------


def test_a_search_in_two_processes():
    x, y = make_digits()
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, MLPClassifier(**SHORT | {"learning_rate_init": 0.01}))
    grid = {"mlpclassifier__alpha": [1e-4, 10.0], "mlpclassifier__activation": ["relu", ["tanh"]]}
    alone, together = (GridSearchCV(pipeline, grid, cv=2, n_jobs=n).fit(make_pandas(x), y) for n in (1, 2))
    np.testing.assert_array_equal(together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert together.best_score_ > 0.5
    assert together.predict(make_pandas(x)).shape == (300,)


def test_a_worker_of_joblib_uses_its_share_of_the_cores(monkeypatch):
    """If the environment does not say otherwise."""

    def count_threads():  # in here, so that it travels whole: workers cannot import tests
        import nnfast

        return os.environ.get("OMP_NUM_THREADS"), nnfast.get_num_threads()

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("NNFAST_NUM_THREADS", raising=False)
    n_cores = nnfast.show_config("dicts")["usable_cores"]
    told = Parallel(n_jobs=max(n_cores, 2))(delayed(count_threads)() for _ in range(2))
    assert told == [("1", 1)] * 2


def test_a_search_of_24_settings_starts_no_more_threads_than_jobs(monkeypatch):
    """Each worker fits with one thread, though the net is worth more: it has the threads it had before."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("NNFAST_NUM_THREADS", raising=False)

    def count_threads():
        from nnfast import sklearn  # noqa: F401

        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))

    def score(model, x, y):
        return {"accuracy": model.score(x, y), "threads": count_threads(), "process": os.getpid()}

    x, y = make_digits()
    grid = {"alpha": np.logspace(-5, 0, 6), "learning_rate_init": [1e-3, 1e-2], "activation": ["relu", "tanh"]}
    before = Parallel(n_jobs=2)(delayed(count_threads)() for _ in range(8))
    model = MLPClassifier(512, max_iter=2, random_state=0)
    results = GridSearchCV(model, grid, scoring=score, refit=False, cv=2, n_jobs=2).fit(x, y).cv_results_
    assert len(results["params"]) == 24
    for fold in ("split0", "split1"):
        assert results[f"{fold}_test_threads"].max() <= max(before)
        assert len(set(results[f"{fold}_test_process"])) <= 2
    assert min(results["mean_test_accuracy"]) > 0.1


def test_threads_of_a_call_are_of_the_call_alone():
    """In threads, too, and threadpoolctl still limits what nobody has set."""
    program = """
import numpy as np, nnfast
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from nnfast.callbacks import LambdaCallback
from nnfast.sklearn import MLPClassifier
before = nnfast.get_num_threads()
def fit(n):
    seen = []
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(nnfast.get_num_threads()))
    MLPClassifier(4, max_iter=30, tol=0, n_threads=n, callbacks=[look]).fit(np.eye(50), np.arange(50) % 2)
    return set(seen)
wanted = [1, None] * 8
told = Parallel(n_jobs=4, backend="threading")(delayed(fit)(n) for n in wanted)
assert told == [{n or before} for n in wanted], told
assert nnfast.get_num_threads() == before
with threadpool_limits(1):
    assert nnfast.get_num_threads() == 1
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment["PYTHONWARNINGS"] = "ignore"
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_threadpoolctl_sees_and_limits():
    program = """
import nnfast
from threadpoolctl import threadpool_info, threadpool_limits
before = nnfast.get_num_threads()
assert "openmp" in {entry["user_api"] for entry in threadpool_info()}
with threadpool_limits(1):
    assert nnfast.get_num_threads() == 1
assert nnfast.get_num_threads() == before
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


# ---- metadata and callbacks ------------------------------------------------------------------------------------------


def test_weights_are_routed():
    x, y = make_digits()
    weights = np.random.default_rng(0).uniform(0, 1, 300)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SHORT).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        told = cross_validate(model, x, y, params={"sample_weight": weights}, cv=[(range(200), range(200, 300))])
    expected = MLPClassifier(**SHORT).fit(x[:200], y[:200], weights[:200]).score(x[200:], y[200:], weights[200:])
    assert told["test_score"] == [expected]


class Recorder:
    """One of scikit-learn's callbacks: scores each epoch, and ends the third."""

    def __init__(self):
        self.tasks, self.scores = [], []

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "epoch" and context.task_id == 2


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_of_scikit_learn(solver):
    if not hasattr(MLPClassifier, "set_callbacks"):
        assert tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9)
        return
    x, y = make_digits()
    recorder = Recorder()
    model = MLPClassifier(solver=solver, **SHORT).set_callbacks(recorder).fit(x, y)
    epochs = ["epoch"] * 3 if solver == "adam" else []
    assert recorder.tasks == ["setup", "fit", *epochs, "teardown"]
    assert model.n_iter_ == (3 if solver == "adam" else 5)
    assert recorder.scores[-1] == model.score(x, y)
    if solver == "adam":
        expected = [MLPClassifier(**SHORT | {"max_iter": n}).fit(x, y).score(x, y) for n in (1, 2, 3)]
        assert recorder.scores[:3] == expected


# ---- the page, and their tests ---------------------------------------------------------------------------------------


def test_examples_of_the_page():
    text = (Path(__file__).parents[2] / "docs" / "from-scikit-learn.md").read_text()
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(example, names)
    assert "whole" in names


def test_their_tests_pass_on_ours():
    """But for those that the script explains."""
    script = Path(__file__).parent / "run_theirs.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout
    assert "passed of" in done.stdout


def test_without_scikit_learn_the_error_says_what_to_do():
    program = "import sys; sys.modules['sklearn'] = None\nimport nnfast\nnnfast.sklearn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "ImportError: nnfast.sklearn needs scikit-learn: pip install scikit-learn" in done.stderr


def test_nnfast_does_not_import_scikit_learn():
    program = "import sys, nnfast\nassert 'sklearn' not in sys.modules\nnnfast.sklearn\nassert 'sklearn' in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
