"""PyTorch's modules and state dicts: the same bits there and back, the same outputs, files that its users can open."""

import sys
import tracemalloc

import numpy as np
import pytest
from random_models import ACTIVATIONS, draw_activation, draw_model, measure_error

from nnfast import Sequential, activations
from nnfast.exceptions import NotReadyError
from nnfast.export.torch import from_module, load_state_dict, to_module, to_state_dict
from nnfast.layers import Activation, BatchNormalization, Dense, Dropout, Input, LayerNormalization, Rescaling

torch = pytest.importorskip("torch")
nn = torch.nn

N_NETS = 100
ALLOWED = 1e-6
NOT_IN_PYTORCH = (activations.Exponential, activations.BinaryStep, activations.Sign)


def draw_layers(rng, size):
    others = [[], [Dropout(0.3)], [BatchNormalization(momentum=0.5)], [LayerNormalization()]]
    others.append([Activation(draw_activation(rng))])
    return [Dense(size, draw_activation(rng), use_bias=bool(rng.integers(2))), *others[rng.integers(len(others))]]


def draw(rng, dtype="float32"):
    return draw_model(rng, layers=draw_layers, scaled=False, dtype=dtype)


def run(module, x):
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


def as_bytes(weights):
    return [values.tobytes() for values in weights]


def test_random_nets(rng):
    """There and back; and PyTorch computes what we compute, relative to the largest number that is taken or given."""
    for number in range(N_NETS):
        model = draw(rng, dtype=("float32", "float64")[number % 2])
        x = rng.normal(size=(10, model._in_size)).astype(model.dtype)
        module = to_module(model)
        again = from_module(module)
        result = run(module, x)
        assert measure_error(result, model.predict(x), x) <= ALLOWED, model
        assert measure_error(again.predict(x), model.predict(x), x) <= ALLOWED, model
        other = Sequential.from_config(model.get_config())
        load_state_dict(other, module.state_dict())
        assert as_bytes(other.get_weights()) == as_bytes(model.get_weights())
        assert other.predict(x).tobytes() == model.predict(x).tobytes()


def test_weights_of_modules(rng):
    for _ in range(N_NETS):
        model = draw(rng)
        theirs = to_module(model).state_dict()
        for name, tensor in to_state_dict(model).items():
            assert torch.equal(theirs[name], tensor)
            assert tensor.is_contiguous()


def test_half_of_gamma_and_beta(rng):
    """PyTorch has both or none."""
    layers = [Input(4), Dense(5), BatchNormalization(center=False), LayerNormalization(scale=False), Dense(2)]
    model = Sequential(layers, seed=0)
    x = rng.normal(size=(10, 4)).astype("float32")
    assert measure_error(run(to_module(model), x), model.predict(x), x) <= ALLOWED


def test_file_opens_in_pytorch(rng, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    for number in range(20):
        model = draw(rng)
        path = tmp_path / f"{number}.safetensors"
        model.export(path)
        weights = safetensors.load_file(path)
        assert weights.keys() == to_state_dict(model).keys()
        module = to_module(Sequential.from_config(model.get_config()))
        module.load_state_dict(weights, strict=False)
        x = rng.normal(size=(5, model._in_size)).astype("float32")
        assert measure_error(run(module, x), model.predict(x), x) <= ALLOWED


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_every_activation(activation, rng):
    model = Sequential([Input(3), Activation(activation), Dense(4, activation), Activation(activation)], seed=0)
    if isinstance(activation, NOT_IN_PYTORCH):
        with pytest.raises(ValueError, match=r"activations that PyTorch has a module for, .* or export to ONNX"):
            to_module(model)
        return
    module = to_module(model)
    n_times = 1 if isinstance(activation, activations.Linear) else 3  # alone it is an Identity
    assert [layer.activation for layer in from_module(module).layers] == [activation] * n_times
    x = rng.normal(size=(10, 3)).astype("float32") * 3
    assert measure_error(run(module, x), model.predict(x), x) <= ALLOWED


def test_modules_of_others(rng):
    module = nn.Sequential(
        *(nn.Flatten(), nn.Identity(), nn.Sequential(nn.Linear(6, 5), nn.Hardtanh(0, 6), nn.Identity())),
        *(nn.BatchNorm1d(5, affine=False), nn.Dropout(0.25), nn.LayerNorm(5, bias=False), nn.Linear(5, 3)),
        *(nn.Softmax(dim=1),),
    )
    x = rng.normal(size=(30, 2, 3)).astype("float32")
    module(torch.from_numpy(x))  # moving statistics
    model = from_module(module.eval())
    assert measure_error(model.predict(x.reshape(30, 6)), run(module, x), x) <= ALLOWED
    kinds = ["Dense", "BatchNormalization", "Dropout", "LayerNormalization", "Dense"]
    assert [type(layer).__name__ for layer in model.layers] == kinds
    assert (model.layers[1].momentum, model.layers[1].epsilon) == (0.9, 1e-5)
    assert from_module(nn.Linear(2, 1).double()).dtype == "float64"


def test_modules_that_stand_at_two_places(rng):
    """Computed as often; their names are those of the second place too."""
    linear, bend = nn.Linear(3, 3), nn.Tanh()
    module = nn.Sequential(linear, bend, nn.Sequential(linear, bend), nn.Linear(3, 2), bend).eval()
    model = from_module(module)
    x = rng.normal(size=(10, 3)).astype("float32")
    assert [type(layer) for layer in model.layers] == [Dense] * 3
    assert measure_error(model.predict(x), run(module, x), x) <= ALLOWED


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_numbers_are_widened(dtype):
    """Without rounding; NumPy has no bfloat16."""
    module = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).to(getattr(torch, dtype))
    model = from_module(module)
    assert model.dtype == "float32"
    other = Sequential([Input(3), Dense(2, "relu")], seed=0)
    load_state_dict(other, module.state_dict())
    for weights in (model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(weights[0].T, module[0].weight.detach().float().numpy())
        np.testing.assert_array_equal(weights[1], module[0].bias.detach().float().numpy())


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Linear(2, 2), nn.Tanhshrink()),
            r"1: expected a module that nnfast has .*received Tanhshrink",
        ),
        (nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0))), r"0\.1: expected"),
        (nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(-2, 2)), "received Hardtanh"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)), "received BatchNorm1d"),
        (nn.Sequential(nn.Linear(2, 2), nn.LayerNorm((3, 2))), "received LayerNorm"),
        (nn.Sequential(nn.Linear(2, 2), nn.Flatten()), "received Flatten"),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(-0.1)), r"1: negative_slope: expected .* received -0\.1"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0)), "1: expected .*received Dropout"),
        (nn.Sequential(nn.ReLU()), "module: expected one with weights"),
        (nn.Bilinear(2, 2, 2), "module: expected"),
        ("relu", "module: expected a module of torch.nn, received 'relu'"),
    ],
)
def test_modules_that_are_refused(module, message):
    with pytest.raises(ValueError, match=message):
        from_module(module)


@pytest.mark.parametrize("layers", [[Input(2, scale=0.5), Dense(1)], [Input(2), Dense(2), Rescaling(2.0), Dense(1)]])
def test_layers_that_pytorch_has_not(layers):
    with pytest.raises(ValueError, match=r"layers that PyTorch has a module for, .* scale the samples"):
        to_module(Sequential(layers))


def test_state_dicts_that_are_refused():
    model = Sequential([Input(3), Dense(2), Dense(1)], seed=0)
    weights, before = to_state_dict(model), as_bytes(model.get_weights())
    for changed, message in [
        ({"0.bias": None}, r"0\.bias: expected shape \(2,\), received no such array"),
        ({"0.weight": torch.zeros(3, 2)}, r"0\.weight: expected shape \(2, 3\), received .* \(3, 2\)"),
        ({"2.weight": torch.zeros(1)}, r"2\.weight: expected no such array, received shape \(1,\)"),
        ({"0.bias": torch.zeros(2, dtype=torch.int32)}, r"0\.bias: expected floating-point numbers, received dtype"),
    ]:
        given = {name: values for name, values in (weights | changed).items() if values is not None}
        with pytest.raises(ValueError, match=message):
            load_state_dict(model, given)
        assert as_bytes(model.get_weights()) == before
    with pytest.raises(ValueError, match="state_dict: expected a dict of tensors by name, received"):
        load_state_dict(model, list(weights))
    with pytest.raises(NotReadyError):
        to_state_dict(Sequential([Dense(1)]))


def test_tensors_share_memory(rng):
    """What is taken from PyTorch is read where it lies."""
    from nnfast.export.torch import _view

    tensor = torch.from_numpy(rng.normal(size=(3, 2))).requires_grad_()
    assert np.shares_memory(_view("w", tensor), tensor.detach().numpy())


def test_modules_are_made_of_the_tensors(rng, monkeypatch):
    """No other copy is made, and PyTorch's random state is as it was."""
    from nnfast.export import torch as exporting

    given = []
    monkeypatch.setattr(exporting, "to_state_dict", lambda model: given.append(to_state_dict(model)) or given[-1])
    before = torch.get_rng_state()
    module = to_module(draw(rng))
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in given[0].items():
        assert module.state_dict()[name].data_ptr() == tensor.data_ptr()
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_matrices_are_copied_once():
    """Weights of PyTorch lie the other way round."""
    model = Sequential([Input(500), *(Dense(500) for _ in range(8))], seed=0)
    state_dict = to_state_dict(model)
    tracemalloc.start()
    load_state_dict(model, state_dict)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 8 * 500 * 500 * 4 <= peak < 1.1 * 8 * 500 * 500 * 4


def test_missing_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="pip install torch"):
        to_state_dict(Sequential([Input(1), Dense(1)]))
