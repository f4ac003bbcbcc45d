"""PyTorch in its best eager form: fused optimizers, rows gathered into one buffer without a DataLoader."""

import numpy as np
import torch
from torch import nn

from benchmarks.workloads import BETA_1, BETA_2, EPSILON, Data, TrainTask

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        torch.set_flush_denormal(True)
        self.task = task
        self.x, self.y = torch.from_numpy(data.as_float()), torch.from_numpy(data.y)
        if self.y.dtype == torch.int32:
            self.y = self.y.long()
        self.batch_size = task.batch_size or len(self.x)
        self.x_batch = torch.empty((self.batch_size, *self.x.shape[1:]))
        self.y_batch = torch.empty((self.batch_size, *self.y.shape[1:]), dtype=self.y.dtype)
        self.model = make_model(task, data)
        self.loss = nn.CrossEntropyLoss() if self.y.dtype == torch.int64 else nn.MSELoss()
        self.optimizer = make_optimizer(task, self.model)

    def run(self, n: int, shuffle: bool) -> None:
        n_rows = len(self.x)
        for _ in range(n):
            if self.task.batch_size is None:
                self.train(self.x, self.y)
                continue
            order = torch.randperm(n_rows) if shuffle else torch.arange(n_rows)
            if self.batch_size == 1:
                for i in order.tolist():
                    self.train(self.x[i : i + 1], self.y[i : i + 1])
                continue
            for rows in order.split(self.batch_size):
                x, y = self.x_batch[: len(rows)], self.y_batch[: len(rows)]
                torch.index_select(self.x, 0, rows, out=x)
                torch.index_select(self.y, 0, rows, out=y)
                self.train(x, y)

    def train(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.loss(self.model(x), y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def get_results(self) -> list[np.ndarray]:
        return [parameter.detach().numpy().T.copy() for parameter in self.model.parameters()]

    @staticmethod
    def describe() -> str:
        return f"PyTorch {torch.__version__}"


def make_model(task: TrainTask, data: Data) -> nn.Sequential:
    """A softmax belongs to the loss."""
    layers: list[nn.Module] = []
    pairs = zip(data.weights[::2], data.weights[1::2], task.net.activations, strict=True)
    for kernel, bias, activation in pairs:
        layers.append(nn.Linear(*kernel.shape))
        with torch.no_grad():
            layers[-1].weight.copy_(torch.from_numpy(kernel.T))
            layers[-1].bias.copy_(torch.from_numpy(bias))
        if activation in ACTIVATIONS:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def make_optimizer(task: TrainTask, model: nn.Module) -> torch.optim.Optimizer:
    if task.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), task.learning_rate, fused=True)
    return torch.optim.Adam(model.parameters(), task.learning_rate, (BETA_1, BETA_2), EPSILON, fused=True)
