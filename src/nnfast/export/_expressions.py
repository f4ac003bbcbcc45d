"""_expressions: what a chain of ONNX operations computes, as a formula of one tensor x in a form of its own.

A formula is a polynomial: coefficients of products of atoms. Atoms are x and functions of polynomials, held as text,
with numbers to six digits; so two formulas are one if their atoms and coefficients are, whatever the order and the
grouping of the operations they come from: 0.5 * (x + x * erf(x / sqrt(2))) and x * (1 + erf(0.7071068 * x)) / 2 are.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfast import activations
from nnfast.export import _onnx_activations

Coefficient = Any  # a number or an array of one for each feature
Monomial = tuple[str, ...]

_TOLERANCE = 2e-6  # what a constant in float32 may be off after a few operations
_CLIP = re.compile(r"1\*Clip\((.*),([-.\w+]+),([-.\w+]+)\)")
_MAX_FACTORS, _MAX_TERMS, _MAX_TEXT = 8, 40, 2000  # beyond any activation; a file may hold anything


class NoFormulaError(ValueError):
    """A tensor is no such formula of x."""


@dataclass(frozen=True)
class Expression:
    """A polynomial: for each product of atoms, () being 1, a coefficient: a number, or one for each feature."""

    terms: Mapping[Monomial, Coefficient]

    def __str__(self) -> str:
        return "+".join(f"{_format(value)}*{'*'.join(atoms)}" for atoms, value in sorted(self.terms.items()))

    def get(self, *atoms: str) -> Coefficient:
        """Return the coefficient of a product."""
        return self.terms.get(atoms, np.float64(0))

    def equals(self, other: "Expression") -> bool:
        """Tell whether two formulas are one."""
        return self.terms.keys() == other.terms.keys() and all(
            np.allclose(value, other.terms[atoms], _TOLERANCE, _TOLERANCE) for atoms, value in self.terms.items()
        )


def _format(value: Coefficient) -> str:
    if np.ndim(value):
        raise NoFormulaError("a function of numbers that differ from feature to feature")
    return f"{float(value) + 0.0:.6g}"


def _atom(text: str) -> Expression:
    if len(text) > _MAX_TEXT:
        raise NoFormulaError("a formula of more operations than activations have")
    return Expression({(text,): np.float64(1)})


X = _atom("x")


def constant(value: Any) -> Expression:
    """Return the formula of a constant: of a number, or of one for each feature, in the last dimension."""
    array = np.asarray(value, np.float64)
    if array.size != array.shape[-1] if array.ndim else False:
        raise NoFormulaError(f"a constant of shape {array.shape}")
    return Expression({(): array.reshape(-1) if array.size > 1 else array.reshape(())[()]})


def _add(a: Expression, b: Expression) -> Expression:
    terms = dict(a.terms)
    for atoms, value in b.terms.items():
        terms[atoms] = terms[atoms] + value if atoms in terms else value
    return Expression({atoms: value for atoms, value in terms.items() if np.ndim(value) or value != 0})


def _multiply(a: Expression, b: Expression) -> Expression:
    product = Expression({})
    for left, x in a.terms.items():
        for right, y in b.terms.items():
            product = _add(product, Expression({tuple(sorted(left + right)): x * y}))
    if len(product.terms) > _MAX_TERMS or max(map(len, product.terms), default=0) > _MAX_FACTORS:
        raise NoFormulaError("a product of more factors than activations have")
    return product


def _negate(a: Expression) -> Expression:
    return _multiply(a, constant(-1))


def _invert(a: Expression) -> Expression:
    if set(a.terms) == {()}:
        return Expression({(): 1 / a.get()})
    return _atom(f"Reciprocal({a})")


def _raise(a: Expression, exponent: Expression) -> Expression:
    power = exponent.get()
    if set(exponent.terms) != {()} or np.ndim(power) or power not in (1, 2, 3):
        raise NoFormulaError("a power other than 2 or 3")
    return a if power == 1 else _multiply(_raise(a, constant(power - 1)), a)


def _clip(a: Expression, low: Expression, high: Expression) -> Expression:
    """Take scale and offset out: clip(s q + t) is s clip(q) + t, with other bounds."""
    offset, product = a.get(), min((atoms for atoms in a.terms if atoms), default=())
    scale = a.get(*product)
    bounds = (low.get(), high.get())
    if not product or {*low.terms, *high.terms} - {()} or any(map(np.ndim, (scale, offset, *bounds))):
        raise NoFormulaError("a clip of something else than one formula, between two numbers")
    if bounds[0] > bounds[1]:
        raise NoFormulaError("a clip between two numbers of which the first is larger")
    within = _add(_multiply(a, constant(1 / scale)), constant(-offset / scale))
    low_end, high_end = sorted(float((bound - offset) / scale) + 0.0 for bound in bounds)
    text = str(within)
    if len(within.terms) == 1 and (inner := _CLIP.fullmatch(text)):
        text, low_end, high_end = inner[1], max(low_end, float(inner[2])), min(high_end, float(inner[3]))
    inside = _atom(f"Clip({text},{low_end:.6g},{high_end:.6g})")
    return _add(_multiply(inside, constant(scale)), constant(offset))


def _bound(x: Expression, low: Any = None, high: Any = None, **bounds: float) -> Expression:
    """Take bounds as inputs, either of which may be left out, or as attributes ``min`` and ``max`` of older opsets."""
    low = constant(bounds.get("min", -math.inf)) if low is None else low
    return _clip(x, low, constant(bounds.get("max", math.inf)) if high is None else high)


def _wrap(operation: str) -> Callable[..., Expression]:
    return lambda *inputs, **attributes: _atom(f"{operation}({','.join([*map(str, inputs), *_show(attributes)])})")


def _show(attributes: dict[str, Any]) -> list[str]:
    return [f"{name}={shorten(value)!r}" for name, value in sorted(attributes.items())]


def shorten(value: float) -> float:
    """Return the number that was meant by an attribute: those of ONNX are float32, 0.2 would be 0.20000000298."""
    return float(str(np.float32(value)))


def _along_features(operation: str) -> Callable[..., Expression]:
    def make(x: Expression, *, axis: int = -1) -> Expression:
        if axis not in (-1, 1):
            raise NoFormulaError(f"{operation} along another axis than that of features")
        return _atom(f"{operation}({x})")

    return make


def _reduce(operation: str) -> Callable[..., Expression]:
    """Return what takes the axes as an attribute or, in later opsets, as an input."""

    def make(x: Expression, given: Expression | None = None, *, axes: Any = None, keepdims: int = 1) -> Expression:
        chosen: Any = given.get() if given else axes[0] if axes is not None and len(axes) == 1 else 0
        if np.ndim(chosen) or chosen not in (-1, 1) or keepdims != 1:
            raise NoFormulaError(f"{operation} along another axis than that of features")
        return _atom(f"{operation}({x})")

    return make


def _hard_sigmoid(x: Expression, *, alpha: float = 0.2, beta: float = 0.5) -> Expression:
    line = _add(_multiply(x, constant(alpha)), constant(beta))
    return _clip(line, constant(0), constant(1))


def _selu(x: Expression, *, alpha: float = 1.6732632, gamma: float = 1.050701) -> Expression:
    return _atom(f"Selu({x},{alpha:.6g},{gamma:.6g})")


def _gelu(x: Expression, *, approximate: bytes = b"none") -> Expression:
    formula: Expression = _onnx_activations.gelu(apply, x, activations.GELU(approximate == b"tanh"))
    return formula


_INFINITY = constant(math.inf)
_MINUS_INFINITY = constant(-math.inf)
_UNARY = ("Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Abs", "Erf", "Softplus", "Sign")
OPERATIONS: dict[str, Callable[..., Expression]] = {
    **{operation: _wrap(operation) for operation in (*_UNARY, "Greater", "Where")},
    **{operation: _along_features(operation) for operation in ("Softmax", "LogSoftmax")},
    **{operation: _reduce(operation) for operation in ("ReduceMax", "ReduceSum", "ReduceMean")},
    "Add": _add,
    "Sub": lambda a, b: _add(a, _negate(b)),
    "Mul": _multiply,
    "Div": lambda a, b: _multiply(a, _invert(b)),
    "Neg": _negate,
    "Reciprocal": _invert,
    "Pow": _raise,
    "Clip": _bound,
    "Relu": lambda x: _clip(x, constant(0), _INFINITY),
    "Max": lambda a, b: _clip(*_constant_last(a, b), _INFINITY),
    "Min": lambda a, b: _clip((pair := _constant_last(a, b))[0], _MINUS_INFINITY, pair[1]),
    "LeakyRelu": lambda x, alpha=0.01: _wrap("LeakyRelu")(x, alpha=alpha),
    "Elu": lambda x, alpha=1.0: _wrap("Elu")(x, alpha=alpha),
    "Celu": lambda x, alpha=1.0: _wrap("Celu")(x, alpha=alpha),
    "Selu": _selu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda x: _multiply(x, _hard_sigmoid(x, alpha=1 / 6)),
    "Softsign": lambda x: _multiply(x, _invert(_add(constant(1), _atom(f"Abs({x})")))),
    "Gelu": _gelu,
    "Mish": lambda x: _onnx_activations.mish(apply, x, None),
    "Swish": lambda x, alpha=1.0: _multiply(x, _atom(f"Sigmoid({_multiply(x, constant(alpha))})")),
    "Scaler": lambda x, offset, scale: _multiply(_add(x, _negate(constant(offset))), constant(scale)),
}
"""What a node computes, of what its inputs are."""


def _constant_last(a: Expression, b: Expression) -> tuple[Expression, Expression]:
    return (b, a) if set(a.terms) <= {()} else (a, b)


def apply(operation: str, *inputs: Any, **attributes: Any) -> Expression:
    """Return what an operation gives for formulas, and numbers, as the rows of `_onnx_activations` call it."""
    formulas = [value if isinstance(value, Expression) else constant(value) for value in inputs]
    formula: Expression = OPERATIONS[operation](*formulas, **attributes)
    return formula
