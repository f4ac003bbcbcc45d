"""Initialisers: distributions, and values that depend on seed and place alone."""

import hashlib
import json

import numpy as np
import pytest

from nnfast import Sequential, initializers
from nnfast.initializers import (
    Constant,
    GlorotUniform,
    HeNormal,
    Identity,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
)
from nnfast.layers import Dense, Input

SHAPE = (300, 200)
SCALED = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
}


@pytest.mark.parametrize("name", SCALED)
def test_scaled_ones_have_mean_and_variance(name):
    values = initializers.get(name).make(SHAPE, 7, 0)
    assert values.shape == SHAPE
    assert abs(values.mean()) < 4 * np.sqrt(SCALED[name] / values.size)
    np.testing.assert_allclose(values.var(), SCALED[name], rtol=0.02)
    limit = np.sqrt(3 * SCALED[name]) if "uniform" in name else 2 * np.sqrt(SCALED[name]) / 0.87962566103423978
    assert 0.99 * limit < np.abs(values).max() <= limit


def test_plain_ones_have_their_moments():
    uniform = RandomUniform(1, 3).make(SHAPE, 0, 0)
    assert uniform.min() > 1
    assert uniform.max() < 3
    np.testing.assert_allclose(uniform.mean(), 2, atol=0.02)
    normal = RandomNormal(5, 2).make(SHAPE, 0, 0)
    np.testing.assert_allclose([normal.mean(), normal.std()], [5, 2], atol=0.03)
    assert np.abs(normal - 5).max() > 7
    cut = TruncatedNormal(5, 2).make(SHAPE, 0, 0)
    assert np.abs(cut - 5).max() <= 4
    np.testing.assert_allclose(cut.std(), 2 * 0.8796, rtol=0.02)
    assert (Constant(3).make((2,), 0, 0) == 3).all()


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (1, 3), (3, 1), (300, 200)])
def test_orthogonal(shape):
    values = Orthogonal(gain=-1.5).make(shape, 3, 2)
    product = values @ values.T if shape[0] < shape[1] else values.T @ values
    np.testing.assert_allclose(product, 2.25 * np.eye(min(shape)), atol=1e-13)
    assert np.array_equal(values, Orthogonal(gain=-1.5, seed=3).make(shape, 99, 2))
    assert not np.array_equal(values, Orthogonal(gain=-1.5).make(shape, 4, 2))


def test_orthogonal_is_uniform():
    """Haar's measure: no element of a matrix leans to a side, and each has the variance 1 / size."""
    values = np.array([Orthogonal().make((3, 3), seed, 0) for seed in range(3000)])
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(values.var(axis=0), 1 / 3, atol=0.03)


def test_identity():
    assert np.array_equal(Identity(2).make((2, 3), 0, 0), [[2, 0, 0], [0, 2, 0]])
    model = Sequential([Input(4), Dense(4, kernel_initializer="identity")])
    assert np.array_equal(model.predict(np.arange(4.0).reshape(1, 4)), [[0, 1, 2, 3]])


@pytest.mark.parametrize("name", ["orthogonal", "identity"])
def test_of_kernels_alone(name):
    with pytest.raises(ValueError, match=rf"initializer '{name}': expected a kernel, .* received \(3,\)"):
        Sequential([Input(2), Dense(3, bias_initializer=name)])


def test_values_depend_on_seed_and_stream_alone():
    draw = GlorotUniform()
    a = draw.make(SHAPE, 1, 0)
    assert np.array_equal(a, draw.make(SHAPE, 1, 0))
    assert not np.array_equal(a, draw.make(SHAPE, 2, 0))
    assert not np.array_equal(a, draw.make(SHAPE, 1, 2))
    assert np.array_equal(GlorotUniform(seed=1).make(SHAPE, 99, 0), a)


def test_same_bits_on_every_machine(isa):
    """Numbers of the first machine that ran this; a change here is a change for every user."""
    digest = hashlib.sha256()
    for name in SCALED:
        digest.update(initializers.get(name).make((5, 4), 2**63 + 11, 3).astype("<f8").tobytes())
    assert digest.hexdigest() == "55f1004c17b88ff998acce085ce7f24284bae40cab8c2177030147d7b179dc99"


def test_neighbouring_layers_are_not_alike():
    model = Sequential([Input(5), Dense(5), Dense(5)], seed=0)
    first, _, second, _ = model.get_weights()
    assert not np.array_equal(first, second)


def test_how_activations_are_written_changes_no_weights():
    from nnfast.layers import Activation, Dropout

    plain = Sequential([Input(5), Dense(5, "relu"), Dense(5)], seed=4)
    spelt = Sequential([Input(5), Dense(5), Activation("relu"), Dropout(0.1), Dense(5)], seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(plain.get_weights(), spelt.get_weights()))


def test_dtypes_share_their_numbers():
    one, two = (Sequential([Input(5), Dense(5)], seed=0, dtype=dtype) for dtype in ("float32", "float64"))
    assert np.array_equal(one.get_weights()[0], two.get_weights()[0].astype(np.float32))


def test_given_arrays():
    kernel = np.arange(6.0).reshape(2, 3)
    layer = Dense(3, kernel_initializer=kernel, bias_initializer=[1, 2, 3])
    kernel[:] = 0
    weights = Sequential([Input(2), layer]).get_weights()
    assert np.array_equal(weights[0], np.arange(6).reshape(2, 3))
    assert np.array_equal(weights[1], [1, 2, 3])


def test_given_array_of_wrong_shape():
    with pytest.raises(ValueError, match=r"expected an array of shape \(4, 3\), received shape \(2, 3\)"):
        Sequential([Input(4), Dense(3, kernel_initializer=np.zeros((2, 3)))])


@pytest.mark.parametrize("values", [[[np.nan]], [["a"]], [None]])
def test_given_values_must_be_numbers(values):
    with pytest.raises(ValueError, match="expected an array of finite numbers, received"):
        Dense(1, kernel_initializer=np.array(values))


@pytest.mark.parametrize(
    "entry",
    [
        HeNormal(seed=3),
        Constant(2),
        RandomUniform(-1, 1),
        Orthogonal(2, 3),
        Identity(2),
        initializers.get([[1.0, 2.0]]),
    ],
)
def test_config_makes_the_initializer_again(entry):
    data = json.loads(json.dumps(initializers.CATALOGUE.serialize(entry)))
    again = initializers.CATALOGUE.deserialize(data)
    assert again.get_config() == entry.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomNormal(stddev=-1), r"stddev: expected a finite number in \[0, inf\), received -1"),
        (lambda: RandomUniform(1, 0), "maxval: expected a number >= minval, 1.0, received 0.0"),
        (lambda: HeNormal(seed=-1), "seed: expected an integer from 0 to"),
        (lambda: HeNormal(seed=True), "seed: expected an integer from 0 to .*, received True"),
        (lambda: initializers.get("he_norml"), "did you mean 'he_normal'"),
        (lambda: initializers.get(3), "initializer: expected a name or an object"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
