"""Made-up data: scikit-learn's points where nothing is drawn, the promised distributions where something is."""

import hashlib

import numpy as np
import pytest

from nnfast.datasets import make_circles, make_moons, make_regression, make_spirals

SHAPES = {"moons": make_moons, "circles": make_circles, "spirals": make_spirals}


@pytest.mark.parametrize("n_samples", [2, 3, 100, 101, (30, 17), (1, 4)])
@pytest.mark.parametrize("name", ["moons", "circles"])
def test_points_are_scikit_learns(name, n_samples):
    theirs = getattr(pytest.importorskip("sklearn.datasets"), f"make_{name}")
    X, y = SHAPES[name](n_samples, shuffle=False)
    expected_X, expected_y = theirs(n_samples, shuffle=False)
    np.testing.assert_allclose(X, expected_X, 0, 2e-15)
    np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize("factor", [0.0, 0.3])
def test_factor(factor):
    X, y = make_circles(40, factor=factor, random_state=0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 1, factor, 1), 1e-15)


def test_spirals():
    X, y = make_spirals(10, shuffle=False, n_classes=3, n_turns=1.5)
    assert np.bincount(y).tolist() == [3, 3, 4]
    for arm in range(3):
        radius = np.hypot(*X[y == arm].T)
        n = len(radius)
        np.testing.assert_allclose(radius, np.arange(1, n + 1) / n, 1e-14)
        angle = np.arctan2(*X[y == arm].T[::-1]) / (2 * np.pi)
        np.testing.assert_allclose((angle - 1.5 * radius - arm / 3 + 0.5) % 1, 0.5, 0, 1e-14)


@pytest.mark.parametrize("name", SHAPES)
def test_shuffle_and_noise(name):
    plain, labels = SHAPES[name](2000, shuffle=False)
    X, y = SHAPES[name](2000, random_state=4)
    assert sorted(map(tuple, X.tolist())) == sorted(map(tuple, plain.tolist()))
    assert np.any(np.diff(y) < 0)
    by_point = dict(zip(map(tuple, plain.tolist()), labels.tolist()))
    assert [by_point[point] for point in map(tuple, X.tolist())] == y.tolist()
    noisy, same = SHAPES[name](2000, random_state=4, noise=0.2)
    noise = (noisy - X) / 0.2
    np.testing.assert_array_equal(same, y)
    assert abs(noise.mean()) < 0.07
    assert abs(noise.std() - 1) < 0.05
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.1
    assert (X.dtype, y.dtype) == (np.float64, np.int64)


def test_regression_is_what_it_says():
    X, y, coef = make_regression(300, 12, n_informative=5, n_targets=2, bias=7.0, coef=True, random_state=1)
    assert (X.shape, y.shape, coef.shape) == ((300, 12), (300, 2), (12, 2))
    np.testing.assert_allclose(y, X @ coef + 7, 1e-12, 1e-10)
    assert (coef.any(axis=1).sum(), coef.min() >= 0, coef.max() < 100) == (5, True, True)
    assert not coef[:5].all()
    assert abs(X.mean()) < 0.08
    assert abs(X.std() - 1) < 0.05
    assert make_regression(9, 3, n_informative=3, random_state=1)[1].shape == (9,)
    assert make_regression(9, 30, n_informative=2, shuffle=False, coef=True)[2].nonzero()[0].tolist() == [0, 1]


def test_noise_of_regression():
    X, y, coef = make_regression(4000, 3, noise=5.0, coef=True, random_state=1)
    assert abs((y - X @ coef).std() - 5) < 0.3
    assert abs(np.corrcoef(y - X @ coef, X[:, 0])[0, 1]) < 0.06


MADE = {
    "moons": lambda: make_moons(50, noise=0.1, random_state=1),
    "circles": lambda: make_circles(50, noise=0.1, random_state=1),
    "spirals": lambda: make_spirals(50, noise=0.1, random_state=1, n_classes=3),
    "regression": lambda: make_regression(50, 7, n_informative=5, noise=3.0, random_state=1, coef=True),
}
DIGESTS = {
    "moons": "28cfa626616f9d8d",
    "circles": "58572dad57d3e44c",
    "spirals": "e7bac412951fc4a8",
    "regression": "6a263bf11912c2af",
}


@pytest.mark.parametrize("name", MADE)
def test_the_same_bits_everywhere(name, isa):
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in MADE[name]()))
    assert digest.hexdigest()[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", SHAPES)
def test_seeds(name):
    one, again, other = (SHAPES[name](20, random_state=seed)[0].tolist() for seed in (1, 1, 2))
    assert one == again != other
    assert SHAPES[name](20, noise=1)[0].tolist() != SHAPES[name](20, noise=1)[0].tolist()


BAD = {
    "few": (lambda: make_moons(1), r"n_samples: expected an integer >= 2, received 1 \(int\)"),
    "three": (
        lambda: make_circles((1, 2, 3)),
        r"n_samples: expected an integer, or a pair of them, received \(1, 2, 3\)",
    ),
    "empty class": (lambda: make_moons((3, 0)), r"n_samples: expected an integer >= 1, received 0"),
    "factor": (lambda: make_circles(factor=1.0), r"factor: expected a finite number in \[0, 1\), received 1\.0"),
    "noise": (lambda: make_moons(noise=-1), r"noise: expected a finite number in \[0, inf\), received -1"),
    "shuffle": (lambda: make_moons(shuffle=None), r"shuffle: expected True or False, received None"),
    "seed": (lambda: make_moons(random_state=1.5), r"random_state: expected an integer .* received 1\.5 \(float\)"),
    "arms": (lambda: make_spirals(n_classes=0), r"n_classes: expected an integer >= 1, received 0"),
    "more arms": (lambda: make_spirals(3, n_classes=4), r"n_samples: expected an integer >= 4, received 3"),
    "turns": (lambda: make_spirals(n_turns=0), r"n_turns: expected a finite number in \(0, inf\), received 0"),
    "features": (lambda: make_regression(n_features=0), r"n_features: expected an integer >= 1, received 0"),
    "bias": (lambda: make_regression(bias=np.nan), r"bias: expected a finite number in \(-inf, inf\), received nan"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(case):
    action, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        action()
