"""ONNX files we read: ours and those of others become models that compute the same; all else is refused by name."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from random_models import ACTIVATIONS, draw_model, measure_error

from nnfast import Sequential, activations
from nnfast.export.onnx import load
from nnfast.layers import Activation, BatchNormalization, Dense, Input, LayerNormalization

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

ALLOWED = 2e-6
LINEAR = activations.CATALOGUE.serialize(activations.Linear())
FOLDER = Path(__file__).parent


def check_outputs(path, x, expected, **options):
    model = load(path, **options)
    result = model.predict(x.reshape(len(x), -1))
    assert result.shape == expected.shape
    assert measure_error(result, expected, x) <= ALLOWED, model
    return model


# ---- our own ----


def test_round_trip(dtype, rng, tmp_path):
    for number in range(40):
        model = draw_model(rng, dtype=dtype)
        model.export(tmp_path / f"{number}.onnx")
        x = rng.normal(size=(10, model._in_size)).astype(dtype)
        check_outputs(tmp_path / f"{number}.onnx", x, model.predict(x))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_every_activation_comes_back(activation, tmp_path):
    layers = [Input(3), Dense(4, activation), BatchNormalization(), Activation(activation), LayerNormalization()]
    model = Sequential([*layers, Dense(2, use_bias=False)], seed=0, name="net")
    model.metadata = {"classes": ["a", "b"]}
    model.export(tmp_path / "m.onnx")
    again = load(tmp_path / "m.onnx")
    wanted = [layer for layer in model.layers if layer.get_config() != {"activation": LINEAR, "name": None}]
    assert repr(again.layers) == repr(wanted)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert (again.name, again.metadata) == ("net", model.metadata)


# ---- PyTorch's ----


def draw_module(torch, rng):
    nn = torch.nn
    kinds = [nn.ReLU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.ELU, nn.Hardswish, nn.Softsign, nn.SELU, nn.Sigmoid]
    size = int(rng.integers(1, 20))
    modules = []
    for _ in range(rng.integers(1, 4)):
        out = int(rng.integers(2, 20))
        others = [[], [nn.BatchNorm1d(out)], [nn.LayerNorm(out)], [nn.Dropout(0.2)]]
        modules += [nn.Linear(size, out, bool(rng.integers(2))), *others[rng.integers(4)]]
        modules.append(kinds[rng.integers(len(kinds))]())
        size = out
    module = nn.Sequential(*modules, nn.Linear(size, 4), nn.Softmax(dim=1)).eval()
    for name, buffer in module.named_buffers():
        if name.endswith(("mean", "var")):
            buffer.copy_(torch.from_numpy(rng.uniform(0.3, 2, buffer.shape)))
    return module


@pytest.mark.parametrize(
    ("number", "is_traced"), [*((i, True) for i in range(10)), *((i, False) for i in range(10, 13))]
)
def test_pytorch(number, is_traced, rng, tmp_path):
    """By both of its exporters."""
    torch = pytest.importorskip("torch")
    if not is_traced:
        pytest.importorskip("onnxscript")
    torch.manual_seed(number)
    for _ in range(number + 1):
        module = draw_module(torch, rng)
    x = rng.normal(size=(6, module[0].in_features)).astype("float32")
    names = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}} if is_traced else {"dynamic_shapes": ({0: "n"},)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (torch.from_numpy(x),), tmp_path / "m.onnx", dynamo=not is_traced, verbose=False, **names
        )
    with torch.no_grad():
        check_outputs(tmp_path / "m.onnx", x, module(torch.from_numpy(x)).numpy())


@pytest.mark.parametrize("opset", [11, 13, 17, 20])
@pytest.mark.parametrize("name", ["none", "tanh"])
def test_pytorch_gelu(opset, name, rng, tmp_path):
    """Decomposed before opset 20."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 4), torch.nn.GELU(name)).eval()
    x = rng.normal(size=(6, 2, 3)).astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.from_numpy(x),), tmp_path / "m.onnx", dynamo=False, opset_version=opset)
    with torch.no_grad():
        model = check_outputs(tmp_path / "m.onnx", x, module(torch.from_numpy(x)).numpy())
    assert model.layers[0].activation == activations.GELU(approximate=name == "tanh")


# ---- scikit-learn's ----


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("target", ["two", "three", "several", "value", "values"])
def test_scikit_learn(activation, target, rng, tmp_path):
    """Classifiers of two, of three classes and of several labels, and regressors; one behind a scaler."""
    pytest.importorskip("sklearn")
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = rng.normal(3, 2, size=(60, 4)).astype("float32")
    targets = {
        "two": rng.integers(0, 2, 60),
        "three": np.array(["a", "b", "c"])[rng.integers(0, 3, 60)],
        "several": rng.integers(0, 2, (60, 3)),
        "value": rng.normal(size=60),
        "values": rng.normal(size=(60, 2)),
    }
    kind = MLPRegressor if target.startswith("value") else MLPClassifier
    estimator = kind(hidden_layer_sizes=(7, 5), activation=activation, max_iter=3, random_state=0)
    if activation == "relu":
        estimator = make_pipeline(StandardScaler(), estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x, targets[target])
        proto = skl2onnx.to_onnx(estimator, x[:1])
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    expected = estimator.predict(x) if target.startswith("value") else estimator.predict_proba(x)
    check_outputs(tmp_path / "m.onnx", x, expected.reshape(len(x), -1).astype("float32"))


# ---- Keras' ----


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_keras(backend, number, tmp_path):
    """What Keras itself predicts, see write_keras.py."""
    content = np.load(FOLDER / f"keras_{backend}.npz")
    (tmp_path / "m.onnx").write_bytes(content[f"onnx_{number}"].tobytes())
    check_outputs(tmp_path / "m.onnx", content[f"x_{number}"], content[f"y_{number}"])
