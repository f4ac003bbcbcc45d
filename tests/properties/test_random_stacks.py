"""Stacks nobody thought of: layers, sizes and rows drawn at random, forward and backward against the reference."""

import exact
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nets import Twins
from stacks import layers

from nnfast import _core
from nnfast._core import LayerSpec


@given(st.lists(layers(40), min_size=1, max_size=6), st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**64 - 1))
def test_random_stack(specs: list[LayerSpec], in_size: int, n_rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    twins = Twins(specs, in_size, "float64", rng, in_scale=0.5, in_offset=0.125)
    size = in_size
    for i, (spec, layer) in enumerate(zip(specs, twins.reference.layers, strict=True)):
        size = spec.out_size or size
        if spec.kind == "dropout":
            layer.mask = exact.dropout_mask(seed, 7, i, n_rows, size, spec.rate)
    x, grad = rng.standard_normal((n_rows, in_size)), rng.standard_normal((n_rows, size))
    one_pass, out, grad_input = _core.Pass(twins.core), np.empty((n_rows, size)), np.empty((n_rows, in_size))
    one_pass.forward(x, out, True, seed, 7)
    one_pass.backward(grad, grad_input)
    assert_close(out, twins.reference.forward(x))
    assert_close(grad_input, twins.reference.backward(grad))
    for i, name in twins.names:
        if name in ("mean", "variance"):
            assert_close(twins.core.get_parameter(i, name), getattr(twins.reference.layers[i], name))
            continue
        assert_close(one_pass.get_gradient(i, name), twins.reference.layers[i].grads[name])


def assert_close(result: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-10 * (np.abs(expected).max() + 1e-300))
