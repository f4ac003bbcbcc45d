"""Metrics alone: each against scikit-learn, with weights, ties and single classes."""

import warnings
from functools import partial

import numpy as np
import pytest
from problems import make_classes

from nnfast.metrics import AUC, F1Score, Precision, R2Score, Recall

sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
X, LABELS = make_classes(150)


def make_case(n_outputs: int, seed: int, n: int = 60):
    """Labels, one-hot rows or several labels a row, and outputs with many ties; weights with zeros."""
    rng = np.random.default_rng(seed)
    p = rng.integers(0, 8, (n, n_outputs)) / 8 + 1 / 32
    labels = rng.integers(0, n_outputs, n) if n_outputs > 1 else rng.integers(0, 2, n)
    t = np.eye(n_outputs)[labels] if n_outputs > 1 else labels.reshape(-1, 1).astype(float)
    return labels, t, p, rng.choice([0.0, 0.5, 1.0, 2.0], n)


def check(metric, t, p, weights, theirs):
    """Without weights and with; theirs takes them as scikit-learn does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for weight in (None, weights):
            expected = theirs(sample_weight=weight)
            np.testing.assert_allclose(metric.compute(t, p, weight), expected, rtol=1e-12, err_msg=str(metric))


# ---- each alone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_precision_and_recall(n_outputs, seed):
    _, t, p, w = make_case(n_outputs, seed)
    flat = np.repeat(w, n_outputs)

    def theirs(score, given, sample_weight):
        return score(t.ravel(), given.ravel(), sample_weight=None if sample_weight is None else flat, zero_division=0)

    for kind, score in ((Precision, sklearn.precision_score), (Recall, sklearn.recall_score)):
        for threshold in (None, 0.2, 0.9):
            given = p > (threshold or 0.5)
            check(kind(threshold), t, p, w, partial(theirs, score, given))
        largest = np.zeros_like(p)
        largest[np.arange(len(p)), p.argmax(axis=1)] = 1
        check(kind(top_k=1), t, p, w, partial(theirs, score, largest))
        column = n_outputs - 1
        only = (t[:, column], p[:, column] > 0.5)
        check(kind(class_id=column), t, p, w, partial(score, *only))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_f1(n_outputs, average, seed):
    labels, t, p, w = make_case(n_outputs, seed)
    if n_outputs == 1:
        given = p[:, 0] > 0.5
        check(F1Score(), t, p, w, partial(sklearn.f1_score, labels, given))
        return
    settings = {"average": average, "zero_division": 0}
    largest = p == p.max(axis=1, keepdims=True)
    for threshold, given in ((None, largest), (0.4, p > 0.4)):
        check(F1Score(average, threshold), t, p, w, partial(sklearn.f1_score, t, given, **settings))
    np.testing.assert_equal(F1Score(average).compute(labels, p), F1Score(average).compute(t, p))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_auc(n_outputs, seed):
    _, t, p, w = make_case(n_outputs, seed)

    def theirs(sample_weight, average):
        return sklearn.roc_auc_score(t, p, average=average, sample_weight=sample_weight)

    check(AUC(), t, p, w, partial(theirs, average="micro"))
    check(AUC(multi_label=True), t, p, w, partial(theirs, average="macro"))


def test_auc_of_extremes():
    assert AUC().compute([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]) == 1
    assert AUC().compute([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]) == 0
    assert AUC().compute([1, 0, 1, 0], [0.3, 0.3, 0.3, 0.3]) == 0.5
    assert np.isnan(AUC().compute([1, 1], [0.1, 0.2]))
    assert np.isnan(AUC().compute([0, 1], [0.1, 0.2], [1, 0]))
    assert np.isnan(AUC().compute([0, 1], [0.1, np.nan]))
    assert np.isnan(AUC().compute([0, 1], [0.1, 0.2], [0, 0]))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_r2(n_outputs, seed):
    _, _, p, w = make_case(n_outputs, seed)
    t = np.random.default_rng(seed + 50).standard_normal(p.shape)
    t[:, 0] = [t[:, 0], 0.1, p[:, 0], 3, 5][seed]  # constants among them, and all right
    if seed == 3:
        p[:, 0] = 3
    for ours, average in (("uniform_average", "uniform_average"), ("variance_weighted_average", "variance_weighted")):
        metric = R2Score(ours)
        if seed == 1:  # 0.1 is no sum of powers of two: scikit-learn takes the rounding of its mean for variation
            t[:, 0] = 0.125
        check(metric, t, p, w, partial(sklearn.r2_score, t, p, multioutput=average))
    assert R2Score().compute(np.full(7, 0.1), np.full(7, 0.2)) == 0
    assert np.isnan(R2Score().compute([1.0], [1.0]))


def test_scores_of_one_class_and_of_nothing():
    for metric in (Precision(), Recall(), F1Score()):
        assert metric.compute(np.zeros(4), np.zeros((4, 1))) == 0
        assert metric.compute(np.zeros(4), np.ones((4, 1)), np.zeros(4)) == 0
        assert metric.compute(np.ones(4), np.ones((4, 1))) == 1
