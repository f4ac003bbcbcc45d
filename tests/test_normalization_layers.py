"""The normalization layers in a Sequential: Keras's numbers, weights, files, summaries."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnfast
from nnfast import Sequential, kernels, load_model
from nnfast.exceptions import NotReadyError
from nnfast.layers import Activation, BatchNormalization, Dense, Input, LayerNormalization, Normalization
from nnfast.optimizers import SGD, Adam

Array = NDArray[Any]

KERAS = json.loads((Path(__file__).parent / "properties" / "normalization_keras.json").read_text())


def make_model(dtype: str = "float64") -> Sequential:
    normalization = Normalization()
    normalization.adapt(np.array(KERAS["x"]))
    stack = [
        *(normalization, Dense(6), BatchNormalization(momentum=0.9), Activation("tanh"), Dense(5, "gelu")),
        *(LayerNormalization(), BatchNormalization(center=False, epsilon=0.01), Dense(1)),
    ]
    return Sequential([Input(4), *stack], dtype=dtype, seed=3)


# ---- Keras -----------------------------------------------------------------------------------------------------------


def test_training_is_keras(dtype: str) -> None:
    """Written by tests/properties/write_normalization.py. Moving statistics after 12 batches are among the weights."""
    model = make_model(dtype)
    model.set_weights([np.array(w) for w in KERAS["first"]])
    model.compile(SGD(0.1, momentum=0.5), "mean_squared_error")
    x, y = np.array(KERAS["x"]), np.array(KERAS["y"])
    history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    rtol = 1e-6 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(history.history["loss"], KERAS["losses"], rtol=rtol)
    for ours, theirs in zip(model.get_weights(), KERAS["last"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(model.predict(x[:5]), KERAS["predictions"], rtol=rtol, atol=rtol)


def test_adapt_is_keras() -> None:
    normalization = Normalization()
    normalization.adapt(np.array(KERAS["x"]))
    np.testing.assert_allclose(normalization.mean, KERAS["adapted"][0], rtol=1e-12)
    np.testing.assert_allclose(normalization.variance, KERAS["adapted"][1], rtol=1e-10)


def test_defaults_are_keras() -> None:
    batch, layer = BatchNormalization().get_config(), LayerNormalization().get_config()
    names = {key: value["class_name"] for key, value in batch.items() if key.endswith("_initializer")}
    assert names == {
        "beta_initializer": "Zeros",
        "gamma_initializer": "Ones",
        "moving_mean_initializer": "Zeros",
        "moving_variance_initializer": "Ones",
    }
    assert (batch["momentum"], batch["epsilon"], batch["center"], batch["scale"]) == (0.99, 1e-3, True, True)
    assert (layer["epsilon"], layer["center"], layer["scale"]) == (1e-3, True, True)


# ---- weights ---------------------------------------------------------------------------------------------------------


def test_weights_come_in_keras_order() -> None:
    model = Sequential(
        [Input(3), BatchNormalization(), LayerNormalization(scale=False), BatchNormalization(center=False)]
    )
    assert [w.shape for w in model.get_weights()] == [(3,)] * 8
    gamma, beta, mean, variance, *rest = model.get_weights()
    assert [w.tolist() for w in (gamma, beta, mean, variance)] == [[1] * 3, [0] * 3, [0] * 3, [1] * 3]
    assert [float(w[0]) for w in rest] == [0, 1, 0, 1]
    model.set_weights([np.full(3, i + 1) for i in range(8)])
    assert [w[1] for w in model.get_weights()] == [1, 2, 3, 4, 5, 6, 7, 8]
    x = np.array([[1.0, 5.0, 9.0]])
    first = (x - 3) / np.sqrt(4.001) * 1 + 2
    middle = (first - first.mean()) / np.sqrt(first.var() + 1e-3) + 5
    np.testing.assert_allclose(model.predict(x), (middle - 7) / np.sqrt(8.001) * 6, rtol=1e-5)


def test_first_values() -> None:
    stack = [
        BatchNormalization(
            gamma_initializer=[1, 2, 3], beta_initializer="random_normal", moving_mean_initializer="ones"
        ),
        Dense(2),
        LayerNormalization(beta_initializer="random_normal"),
    ]
    gamma, beta, mean, _, kernel, _, _, other = Sequential([Input(3), *stack], seed=1).get_weights()
    assert gamma.tolist() == [1, 2, 3]
    assert (mean == 1).all()
    assert len({*beta.tolist(), *other.tolist()}) == 5
    assert kernel.tobytes() == Sequential([Input(3), Dense(2)], seed=1).get_weights()[0].tobytes()


def test_counts_and_summary() -> None:
    model = Sequential(
        [
            Input(4),
            Dense(3),
            BatchNormalization(),
            LayerNormalization(trainable=False),
            Normalization(mean=0, variance=1),
        ]
    )
    assert model.count_params() == 15 + 12 + 6
    assert model.count_params(trainable=True) == 15 + 6
    assert model.count_params(trainable=False) == 6 + 6
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    counts = [line.split()[-1] for line in lines if "(None, 3)" in line]
    assert counts == ["15", "12", "6", "0"]
    names = ("dense (Dense)", "batch_normalization (", "layer_normalization (", "normalization (Normalization)")
    assert all(any(name in line for line in lines) for name in names)
    assert lines[-3:] == ["Total params: 33", "Trainable params: 21", "Non-trainable params: 12"]


def test_trainable_is_noticed_by_compile() -> None:
    layer = BatchNormalization()
    model = Sequential([Input(2), layer, Dense(1)], seed=0)
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    layer.trainable = False
    model.compile("adam", "mean_squared_error")
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert [(a == b).all() for a, b in zip(model.get_weights(), before, strict=True)] == [*[True] * 4, False, False]
    layer.trainable = True
    model.compile("adam", "mean_squared_error")
    model.fit(x, y, verbose=0)
    assert not any((a == b).all() for a, b in zip(model.get_weights(), before, strict=True))


# ---- fit, predict, gradients -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 1100, 2500])
def test_fit_has_the_same_bits_with_any_threads(batch_size: int, dtype: str) -> None:
    rng = np.random.default_rng(5)
    n = 60 if batch_size < 100 else 2500
    x = (rng.standard_normal((n, 9)) * 20 + 7).astype("float32")
    y = (x[:, 0] > x[:, 1]).astype(int)
    results = set()
    for n_threads in (1, 2, 3):
        nnfast.set_num_threads(n_threads)
        normalization = Normalization()
        normalization.adapt(x)
        stack = [normalization, Dense(150), BatchNormalization(), Activation("relu"), LayerNormalization()]
        model = Sequential([Input(9), *stack, Dense(2, "softmax")], seed=2, dtype=dtype)
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        history = model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0)
        logs = model.evaluate(x, y, verbose=0)
        predictions = model.predict(x)
        assert predictions[:3].tobytes() == b"".join(model.predict_one(row).tobytes() for row in x[:3])
        arrays = [*model.get_weights(), predictions]
        results.add((str(history.history), str(logs), b"".join(a.tobytes() for a in arrays)))
    assert len(results) == 1


def test_forward_and_backward_by_hand(rng: np.random.Generator) -> None:
    model = Sequential([Input(3), BatchNormalization(momentum=0.5)], dtype="float64")
    x, grad = rng.standard_normal((2, 8, 3))
    expected, mean, variance = kernels.batch_normalization(x, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(model.forward(x, training=True), expected)
    grad_x, grad_gamma, grad_beta = kernels.batch_normalization_backward(grad, x)
    np.testing.assert_allclose(model.backward(grad), grad_x, atol=1e-14)
    for ours, theirs in zip(model.gradients(), (grad_gamma, grad_beta, 0 * mean, 0 * mean), strict=True):
        np.testing.assert_allclose(ours, theirs)
    SGD(1.0).apply(model)
    weights = (1 - grad_gamma, -grad_beta, mean / 2, 0.5 + variance / 2)
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


# ---- files -----------------------------------------------------------------------------------------------------------


def test_save_and_load_go_on_to_the_bit(tmp_path: Path, dtype: str) -> None:
    model = make_model(dtype)
    model.compile(Adam(0.01), "mean_squared_error")
    x, y = np.array(KERAS["x"]), np.array(KERAS["y"])
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    for one in (model, again):
        one.fit(x, y, batch_size=16, epochs=2, verbose=0)
    assert [w.tobytes() for w in again.get_weights()] == [w.tobytes() for w in model.get_weights()]
    copy = Sequential.from_config(json.loads(json.dumps(model.get_config())))
    copy.set_weights(model.get_weights())
    assert copy.predict(x).tobytes() == model.predict(x).tobytes()


def test_pytorch_reads_the_file(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    model = Sequential(
        [Input(4), Dense(6, "tanh"), BatchNormalization(), Dense(3), LayerNormalization()], dtype="float64", seed=1
    )
    model.compile("adam", "mean_squared_error")
    x = np.array(KERAS["x"])
    model.fit(x, x[:, :3], verbose=0)
    model.save(tmp_path / "model.safetensors")
    tensors = load_file(tmp_path / "model.safetensors")
    assert "optimizer.0.2.weight" in tensors
    assert "optimizer.0.2.running_mean" not in tensors
    nn = torch.nn
    norms = nn.BatchNorm1d(6, eps=1e-3), nn.LayerNorm(3, eps=1e-3)
    theirs = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), norms[0], nn.Linear(6, 3), norms[1]).double().eval()
    theirs.load_state_dict({key: value for key, value in tensors.items() if not key.startswith("optimizer")})
    np.testing.assert_allclose(model.predict(x), theirs(torch.tensor(x)).detach(), rtol=1e-12, atol=1e-12)


# ---- Normalization ---------------------------------------------------------------------------------------------------


def test_adapt_reads_in_chunks(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """What is joined of chunks is the moments of all, with a mean of a million deviations, too."""
    x = rng.standard_normal((1000, 3)) + np.array([0, 1e6, -5])
    wide = x.astype(np.longdouble)
    for size in (2**20, 300, 1):
        monkeypatch.setattr("nnfast._normalization._CHUNK_SIZE", size)
        layer = Normalization()
        layer.adapt(x)
        np.testing.assert_allclose(layer.mean, wide.mean(axis=0).astype(float), rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(layer.variance, wide.var(axis=0).astype(float), rtol=1e-9 if size == 1 else 1e-12)


@pytest.mark.parametrize("make", [np.uint8, np.int64, np.float32, list, "csr"])
def test_adapt_takes(make: Any) -> None:
    x = np.arange(60).reshape(20, 3) % 7
    expected = x.mean(axis=0), x.var(axis=0)
    data: Any = x.tolist() if make is list else x.astype("float64" if make == "csr" else make)
    if make == "csr":
        data = pytest.importorskip("scipy.sparse").csr_array(data)
    layer = Normalization()
    layer.adapt(data)
    np.testing.assert_allclose((layer.mean, layer.variance), expected, rtol=1e-14)


def test_given_statistics_reach_the_outputs(dtype: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((30, 3)) * 5
    layer = Normalization(mean=[1, 2, 3], variance=[4, 0, 9], name="scaling")
    model = Sequential([Input(3), layer], dtype=dtype)
    expected = (x - [1, 2, 3]) / [2, 1e-7, 3]
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-4 if dtype == "float32" else 1e-12)
    assert model.get_weights() == []
    same = Sequential([Input(3), Normalization(mean=1.5, variance=4)], dtype=dtype)
    np.testing.assert_allclose(same.predict(x), (x - 1.5) / 2, rtol=1e-5)


def test_a_model_waits_for_adapt() -> None:
    layer = Normalization()
    model = Sequential([Input(2), layer, Dense(1)], seed=0)
    assert not model.built
    model.compile("adam", "mean_squared_error")
    with pytest.raises(NotReadyError, match=r"Normalization: expected adapt\(data\)"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    with pytest.raises(NotReadyError, match=r"adapt\(data\)"):
        model.predict(np.ones((4, 2)))
    assert layer.mean is None
    layer.adapt([[1, 2], [3, 4]])
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert model.built


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Normalization(mean=1.0), "variance: expected both mean and variance, or neither"),
        (lambda: Normalization(mean=[1.0, np.nan], variance=[1, 1]), "mean: expected a finite number, or one for each"),
        (
            lambda: Normalization(mean=[1.0], variance=1.0),
            r"variance: expected shape \(1,\), as mean has, received \(\)",
        ),
        (lambda: Normalization(mean=0, variance=-1), "variance: expected numbers >= 0"),
        (lambda: Normalization(0), "axis: expected one of -1, 1, received 0"),
        (lambda: Normalization().adapt([1.0, 2.0]), "data: expected numbers of shape"),
        (lambda: Normalization().adapt([["a"]]), "data: expected real numbers, received dtype <U1"),
        (lambda: Normalization().adapt([[1.0], [np.inf]]), "expected finite numbers, received inf in row 1, column 0"),
        (lambda: Normalization(mean=0, variance=1).adapt([[1.0]]), "adapt: expected a layer without statistics"),
        (
            lambda: Sequential([Input(3), Normalization(mean=[0, 0], variance=[1, 1])]),
            "expected statistics of 3 features",
        ),
        (lambda: BatchNormalization(momentum=1.5), r"momentum: expected a finite number in \[0, 1\]"),
        (lambda: BatchNormalization(epsilon=0), r"epsilon: expected a finite number in \(0, inf\)"),
        (lambda: LayerNormalization(axis=2), "axis: expected one of -1, 1"),
        (lambda: LayerNormalization(trainable="weights"), "trainable: expected True or False"),
        (lambda: LayerNormalization(center=1), "center: expected True or False"),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
