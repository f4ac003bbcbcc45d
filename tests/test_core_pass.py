"""nnfast._core.Pass: one forward and one backward at a time, and the masks of dropout."""

from typing import Any

import exact
import numpy as np
import pytest
from nets import STACK, THREADS, Twins, dense, normalization, spaced
from numpy.typing import NDArray

import nnfast
from nnfast import _core
from nnfast._core import LayerSpec

Array = NDArray[Any]


def test_pass(dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    """Forward and backward of a stack of every kind, dropout included, against the reference."""
    twins = Twins(STACK, 21, dtype, rng, in_scale=0.5, in_offset=0.1)
    n = 150
    twins.reference.layers[2].mask = exact.dropout_mask(seed=8, epoch=3, layer=2, n_rows=n, n_columns=33, rate=0.3)
    x, grad = rng.standard_normal((n, 21)).astype(dtype), rng.standard_normal((n, 5)).astype(dtype)
    one_pass = _core.Pass(twins.core)
    (out, out_untouched), (grad_input, grad_untouched) = spaced(np.zeros((n, 5), dtype)), spaced(np.zeros_like(x))
    one_pass.forward(spaced(x)[0], out, True, 8, 3)
    one_pass.backward(spaced(grad)[0], grad_input)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(out, twins.reference.forward(x), rtol=300 * eps)
    expected = twins.reference.backward(grad.astype(float))
    np.testing.assert_allclose(grad_input, expected, rtol=1000 * eps, atol=1000 * eps * np.abs(expected).max())
    for i, name in twins.names:
        expected = twins.reference.layers[i].grads[name]
        np.testing.assert_allclose(
            one_pass.get_gradient(i, name), expected, rtol=1000 * eps, atol=1000 * eps * np.abs(expected).max()
        )
    assert out_untouched()
    assert grad_untouched()


NORMALIZED = [dense(130), normalization("batch"), normalization("layer"), dense(70, "gelu"), normalization("batch")]


@pytest.mark.parametrize("specs", [STACK, NORMALIZED], ids=["stack", "normalized"])
def test_passes_have_the_same_bits_everywhere(specs: list[LayerSpec], dtype: str) -> None:
    """Outputs, gradients, and moving statistics."""
    n, results = 1500, set()
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        for n_threads in THREADS:
            nnfast.set_num_threads(n_threads)
            rng = np.random.default_rng(3)
            twins = Twins(specs, 21, dtype, rng)
            x = rng.standard_normal((n, 21)).astype(dtype)
            grad = rng.standard_normal((n, twins.core.out_size)).astype(dtype)
            one_pass = _core.Pass(twins.core)
            out, grad_input = np.empty_like(grad), np.empty_like(x)
            one_pass.forward(x, out, True, 0, 0)
            one_pass.backward(grad, grad_input)
            arrays = [out, grad_input, *(one_pass.get_gradient(*key) for key in twins.names)]
            arrays += [twins.core.get_parameter(*key) for key in twins.names]
            results.add(b"".join(a.tobytes() for a in arrays))
    assert len(results) == 1


def test_pass_without_training_is_predict(dtype: str, rng: np.random.Generator) -> None:
    twins = Twins(STACK, 21, dtype, rng)
    x, out = rng.standard_normal((40, 21)).astype(dtype), np.empty((40, 5), dtype)
    _core.Pass(twins.core).forward(x, out, False, 0, 0)
    assert out.tobytes() == twins.predict(x).tobytes()


def test_pass_grows_and_shrinks(rng: np.random.Generator) -> None:
    """What an earlier, larger pass left in the buffers does not show."""
    twins = Twins(STACK, 21, "float32", rng)
    x, grad = rng.standard_normal((300, 21)).astype("float32"), rng.standard_normal((300, 5)).astype("float32")
    used = _core.Pass(twins.core)
    for n in (3, 300, 7, 150, 1):
        gradients = []
        for one_pass in (used, _core.Pass(twins.core)):
            one_pass.forward(x[:n], np.empty((n, 5), "float32"), True, 1, 1)
            one_pass.backward(grad[:n], None)
            gradients.append(b"".join(one_pass.get_gradient(*key).tobytes() for key in twins.names))
        assert gradients[0] == gradients[1]


def test_pass_refuses() -> None:
    network = _core.Network("float32", 3, 1.0, 0.0, [dense(2)])
    one_pass = _core.Pass(network)
    x, out = np.zeros((4, 3), "float32"), np.zeros((4, 2), "float32")
    with pytest.raises(ValueError, match=r".+"):
        one_pass.backward(out, None)
    with pytest.raises(ValueError, match=r".+"):
        one_pass.forward(x[:, :2], out, True, 0, 0)
    one_pass.forward(x, out, True, 0, 0)
    for grad_output, grad_input in ((out[:3], None), (out.astype(float), None), (out, x[:, :2]), (out, x[:3])):
        with pytest.raises(ValueError, match=r".+"):
            one_pass.backward(grad_output, grad_input)
    other = _core.Optimizer(_core.Network("float32", 3, 1.0, 0.0, [dense(2)]), "sgd", [0.1])
    with pytest.raises(ValueError, match=r".+"):
        one_pass.apply(other)


def test_dropout(dtype: str, isa: str, n_threads: int) -> None:
    """The mask is a function of seed, epoch, layer and place alone. The dense layers make it worth a team."""
    size, n = 96, 200
    identity = np.eye(size, dtype=dtype)
    specs = [LayerSpec("dropout", rate=0.25), dense(size), LayerSpec("dropout", rate=0.5)]
    network = _core.Network(dtype, size, 1.0, 0.0, specs)
    network.set_parameter(1, "weights", identity)
    one_pass = _core.Pass(network)
    x, out, grad_input = (np.ones((n, size), dtype) for _ in range(3))
    one_pass.forward(x, out, True, 2**33 + 1, 4)
    masks = [exact.dropout_mask(2**33 + 1, 4, layer, n, size, rate) for layer, rate in ((0, 0.25), (2, 0.5))]
    np.testing.assert_allclose(out, masks[0] * masks[1], rtol=np.finfo(dtype).eps)
    one_pass.backward(x, grad_input)
    assert grad_input.tobytes() == out.tobytes()
    one_pass.forward(x, out, False, 2**33 + 1, 4)
    assert (out == 1).all()


def test_dropout_of_rate_0() -> None:
    network = _core.Network("float32", 5, 1.0, 0.0, [LayerSpec("dropout", rate=0.0)])
    x, out = np.ones((4, 5), "float32"), np.zeros((4, 5), "float32")
    _core.Pass(network).forward(x, out, True, 0, 0)
    assert (out == 1).all()
