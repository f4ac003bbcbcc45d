"""Ten training steps by PyTorch, in double precision: writes trace_pytorch.json beside itself.

    python tests/properties/write_trace.py

Written with torch 2.13.0. Keras, and so nnfast, adds Adam's epsilon to the square root before its bias is corrected,
PyTorch after; here PyTorch's epsilon is set anew for each step so that both are one formula.
"""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

TRACE = Path(__file__).with_name("trace_pytorch.json")

N_STEPS, BATCH_SIZE, N_ROWS, IN_SIZE = 10, 4, 20, 5
RULES = {
    "sgd": [0.3],
    "momentum": [0.1, 0.9],
    "nesterov": [0.1, 0.9],
    "adam": [0.05, 0.8, 0.9, 1e-3],
}
NETS = {
    "classifier": {"sizes": [7, 6, 3], "activations": ["tanh", "relu", "softmax"]},
    "regressor": {"sizes": [6, 4, 2], "activations": ["gelu", "softplus", "linear"]},
}


def make_problem(net: dict[str, Any]) -> dict[str, Any]:
    """The numbers every system starts from; they are stored, so that no one else need make them."""
    rng = np.random.default_rng(2025)
    sizes = [IN_SIZE, *net["sizes"]]
    weights = [rng.standard_normal(s) * 0.7 for s in itertools.pairwise(sizes)]
    return {
        **net,
        "x": rng.standard_normal((N_ROWS, IN_SIZE)).tolist(),
        "y": rng.standard_normal((N_ROWS, sizes[-1])).tolist(),
        "labels": rng.integers(0, sizes[-1], N_ROWS).tolist(),
        "weights": [w.tolist() for w in weights],
        "biases": [(rng.standard_normal(n) * 0.2).tolist() for n in sizes[1:]],
    }


def make_optimizer(rule: str, parameters: list[Any]) -> Any:
    import torch

    rate, *rest = RULES[rule]
    if rule == "adam":
        return torch.optim.Adam(parameters, lr=rate, betas=(rest[0], rest[1]))
    return torch.optim.SGD(parameters, lr=rate, momentum=sum(rest), nesterov=rule == "nesterov")


def train(problem: dict[str, Any], rule: str) -> dict[str, Any]:
    """The loss before each step, and weights and biases after the last."""
    import torch

    functional = torch.nn.functional
    tensors = [torch.tensor(v, dtype=torch.float64) for v in problem["weights"] + problem["biases"]]
    parameters = [torch.nn.Parameter(t) for t in tensors]
    layers = list(zip(parameters, parameters[len(problem["sizes"]) :], problem["activations"], strict=False))
    x, y = (torch.tensor(problem[name], dtype=torch.float64) for name in ("x", "y"))
    labels = torch.tensor(problem["labels"])
    optimizer = make_optimizer(rule, parameters)
    losses = []
    for step in range(N_STEPS):
        first = step * BATCH_SIZE % N_ROWS
        rows = slice(first, first + BATCH_SIZE)
        a = x[rows]
        for w, b, activation in layers:
            z = a @ w + b
            # The loss below takes logits; there is no softmax or identity to apply.
            a = z if activation in ("softmax", "linear") else getattr(functional, activation)(z)
        is_classifier = problem["activations"][-1] == "softmax"
        loss = functional.cross_entropy(a, labels[rows]) if is_classifier else functional.mse_loss(a, y[rows])
        optimizer.zero_grad()
        loss.backward()
        if rule == "adam":
            optimizer.param_groups[0]["eps"] = RULES[rule][3] / math.sqrt(1 - RULES[rule][2] ** (step + 1))
        optimizer.step()
        losses.append(loss.item())
    values = [p.detach().numpy().tolist() for p in parameters]
    n_layers = len(layers)
    return {"losses": losses, "weights": values[:n_layers], "biases": values[n_layers:]}


def make_trace() -> dict[str, Any]:
    trace = {}
    for name, net in NETS.items():
        problem = make_problem(net)
        trace[name] = {"problem": problem, "runs": {rule: train(problem, rule) for rule in RULES}}
    return trace


if __name__ == "__main__":
    TRACE.write_text(json.dumps(make_trace()) + "\n")
