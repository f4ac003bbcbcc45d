"""_recognition: which activation, or which scale and offset, a formula is."""

import functools
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast.activations import GELU, ActivationFunction
from nnfast.export._expressions import Expression, NoFormulaError, X, apply
from nnfast.export._onnx_activations import OTHER_FORMS, ROWS
from nnfast.layers import BatchNormalization, LayerNormalization

Array = NDArray[Any]

_EPSILON = re.compile(r"Sqrt\(([-.\de]+)\*\+")
_ALPHA = re.compile(r"alpha=([-+.\de]+)\)")


class Affine(NamedTuple):
    """x * scale + offset, each a number or one for each feature."""

    scale: Array
    offset: Array


@dataclass(frozen=True)
class Normal:
    """A normalization with its weights in the order of ``get_weights``."""

    layer: BatchNormalization | LayerNormalization
    weights: tuple[Array, ...]


def recognise(formula: Expression) -> ActivationFunction | Affine | Normal:
    """Return what a formula is; NoFormulaError if it is nothing that a layer can do."""
    if formula.terms.keys() <= {(), ("x",)}:
        return Affine(np.asarray(formula.get("x")), np.asarray(formula.get()))
    for activation, known in _list_known():
        if formula.equals(known):
            return activation
    for text in {alpha[1] for atoms in formula.terms for atom in atoms for alpha in _ALPHA.finditer(atom)}:
        for kind in ROWS:
            if hasattr(kind, "alpha") or hasattr(kind, "negative_slope"):
                activation = kind(float(text))  # type: ignore[call-arg]
                if formula.equals(ROWS[kind](apply, X, activation)):
                    return activation
    return _recognise_layer_normalization(formula)


def _recognise_layer_normalization(formula: Expression) -> Normal:
    """Read gamma and beta off a normalization that is written out, as Keras writes it with TensorFlow."""
    found = _EPSILON.search("*".join(atom for atoms in formula.terms for atom in atoms))
    plain = _normalize(float(found[1])) if found else X
    some = next(iter(plain.terms))
    gamma, beta = np.asarray(formula.get(*some) / plain.get(*some)), np.asarray(formula.get())
    terms = {atoms: value * gamma for atoms, value in plain.terms.items()} | {(): beta}
    if not found or not gamma.ndim or not Expression({(): 0.0, **formula.terms}).equals(Expression(terms)):
        raise NoFormulaError(_describe(formula))
    has_beta = bool(beta.ndim or beta != 0)
    layer = LayerNormalization(epsilon=float(found[1]), center=has_beta)
    return Normal(layer, (gamma, np.broadcast_to(beta, gamma.shape)) if has_beta else (gamma,))


def _normalize(epsilon: float) -> Expression:
    centred = apply("Sub", X, apply("ReduceMean", X, axes=(-1,)))
    variance = apply("ReduceMean", apply("Mul", centred, centred), axes=(-1,))
    return apply("Div", centred, apply("Sqrt", apply("Add", variance, epsilon)))


def _describe(formula: Expression) -> str:
    """Return a formula as text; numbers for each feature are not written out."""
    products = [("" if np.ndim(value) else f"{value:.6g} ") + "*".join(atoms) for atoms, value in formula.terms.items()]
    text = " + ".join(products)
    return f"the formula {text if len(text) < 200 else text[:200] + ' ...'}"


@functools.cache
def _list_known() -> list[tuple[ActivationFunction, Expression]]:
    """List activations without a number of their own, each with its formula."""
    plain = [kind() for kind in ROWS if not hasattr(kind, "alpha") and not hasattr(kind, "negative_slope")]
    own = [(activation, ROWS[type(activation)]) for activation in (*plain, GELU(approximate=True))]
    return [(activation, row(apply, X, activation)) for activation, row in (*own, *OTHER_FORMS)]
