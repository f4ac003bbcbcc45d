"""Weights of classes, by the weights of samples that they stand for."""

import numpy as np
import pytest
from problems import hash_weights, make_classifier
from weighting import EVERY_LOSS, LABELS, X, make_model, make_targets, make_weights

from nnfast import losses


@pytest.mark.parametrize("loss", EVERY_LOSS)
def test_class_weights_equal_the_matching_sample_weights(loss):
    """Labels and one-hot rows; where several outputs are questions of their own, one output."""
    of_class = {0: 0.5, 2: 4}
    is_binary = losses.get(loss).takes_probabilities
    labels = LABELS % 2 * 2 if is_binary else LABELS
    y = labels / 2 if is_binary else make_targets(loss)
    of_class = {0: 0.5, 1: 4} if is_binary else of_class
    rows = np.choose(labels, [0.5, 1, 4])
    results = []
    for more in (
        {"class_weight": of_class},
        {"sample_weight": rows},
        {"class_weight": of_class, "sample_weight": rows},
    ):
        model = make_model(loss, n_outputs=1 if is_binary else 3)
        history = model.fit(X, y, epochs=2, verbose=0, **more)
        results.append((hash_weights(model), history.history))
    squared = make_model(loss, n_outputs=1 if is_binary else 3)
    results.append((squared.fit(X, y, epochs=2, verbose=0, sample_weight=rows**2).history, hash_weights(squared)))
    assert results[0] == results[1] != results[2]
    assert results[2] == results[3][::-1]


@pytest.mark.parametrize("kind", ["labels", "one-hot", "one output"])
def test_balanced_is_scikit_learns(kind):
    weights = pytest.importorskip("sklearn.utils.class_weight", reason="scikit-learn is not installed")
    labels = LABELS % 2 if kind == "one output" else LABELS
    labels = np.where(np.arange(len(labels)) < 80, labels, 0)  # not balanced
    y = np.eye(3)[labels] if kind == "one-hot" else labels
    loss = {"labels": "sparse_categorical_crossentropy", "one-hot": "categorical_crossentropy"}.get(kind, "bce")
    models = [make_model(loss, n_outputs=1 if kind == "one output" else 3) for _ in range(2)]
    models[0].fit(X, y, verbose=0, class_weight="balanced")
    models[1].fit(X, y, verbose=0, sample_weight=weights.compute_sample_weight("balanced", labels))
    assert hash_weights(models[0]) == hash_weights(models[1])
    models[0].train_on_batch(X, y, class_weight="balanced")
    models[1].train_on_batch(X, y, weights.compute_sample_weight("balanced", labels))
    assert hash_weights(models[0]) == hash_weights(models[1])


def test_classes_may_be_any_whole_numbers():
    signs = 2.0 * (LABELS > 0) - 1
    models = [make_model("mse", n_outputs=1) for _ in range(2)]
    models[0].fit(X, signs, verbose=0, class_weight={-1: 3, 1: 0.5})
    models[1].fit(X, signs, verbose=0, sample_weight=np.where(signs < 0, 3, 0.5))
    assert hash_weights(models[0]) == hash_weights(models[1])


def test_weights_of_labels():
    """Several labels a row: a dict of outputs, "balanced" and a list by output, all the same as weights of elements."""
    utilities = pytest.importorskip("sklearn.utils.class_weight", reason="scikit-learn is not installed")
    y = (np.random.default_rng(2).random((120, 3)) < (0.2, 0.5, 0.9)).astype(int)
    balanced = [utilities.compute_sample_weight("balanced", column) for column in y.T]
    cases = [
        ({0: 2.0, 2: 0.5}, np.tile([2.0, 1.0, 0.5], (120, 1))),
        ("balanced", np.stack(balanced, axis=1)),
        ([{1: 3}, {}, {0: 2, 1: 0}], np.stack([1 + 2 * y[:, 0], 0 * y[:, 1] + 1, 2 - 2 * y[:, 2]], axis=1)),
    ]
    for class_weight, elements in cases:
        models = [make_model("bce") for _ in range(2)]
        models[0].fit(X, y, verbose=0, class_weight=class_weight, sample_weight=make_weights())
        models[1].fit(X, y, verbose=0, sample_weight=elements * make_weights()[:, None])
        assert hash_weights(models[0]) == hash_weights(models[1])
    for wrong in ([{}, {}], {3: 1.0}, [{}, {}, 2]):
        with pytest.raises(ValueError, match=r"class_weight: expected .* received"):
            make_model("bce").fit(X, y, class_weight=wrong)


def test_class_weights_leave_validation_alone():
    model = make_classifier()
    pair = (X[:50], LABELS[:50])
    history = model.fit(X, LABELS, verbose=0, class_weight={0: 9, 1: 0.1}, validation_data=pair).history
    assert history["val_loss"][0] == model.evaluate(*pair, verbose=0)[0]


# ---- what is refused -------------------------------------------------------------------------------------------------

BAD_CLASS_WEIGHTS = {
    "a word": ("even", "class_weight: expected a dict of classes and weights, or 'balanced', received 'even'"),
    "a list": ([1, 2, 3], "class_weight: expected a dict, as a row has one class, received .*list"),
    "an array": (np.ones(3), "class_weight: expected a dict of classes .*received .*ndarray"),
    "no such class": ({3: 1.0}, "class_weight: expected classes from 0 to 2, received 3"),
    "no class": ({"a": 1.0}, "class_weight: class: expected an integer"),
    "negative": ({0: -1.0}, r"class_weight\[0\]: expected a finite number in \[0, inf\), received -1.0"),
}


@pytest.mark.parametrize("case", BAD_CLASS_WEIGHTS)
def test_bad_class_weights(case):
    class_weight, message = BAD_CLASS_WEIGHTS[case]
    with pytest.raises(ValueError, match=message):
        make_classifier().fit(X, LABELS, verbose=0, class_weight=class_weight)


def test_targets_that_are_no_classes():
    with pytest.raises(ValueError, match=r"expected targets that are classes, whole numbers, received 0\.5 in row 0"):
        make_model("mse", n_outputs=1).fit(X, np.full(120, 0.5), class_weight={0: 1})
    with pytest.raises(ValueError, match="expected one-hot targets, received others in row 1"):
        make_model("mse").fit(X[:2], [[0, 1, 0], [1, 1, 0]], class_weight={0: 1})
    with pytest.raises(ValueError, match=r"whole numbers, received 0\.5 in row 1"):
        make_model("bce").fit(X[:2], [[0, 1, 0], [1, 0.5, 0]], class_weight="balanced")
