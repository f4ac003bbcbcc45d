"""PyTorch with model and loss, forward and backward, through ``torch.compile``; the optimizer is the fused one."""

import torch

from benchmarks.train import pytorch
from benchmarks.workloads import Data, TrainTask


class Rival(pytorch.Rival):
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        super().__init__(task, data, n_threads)
        self.compute_loss = torch.compile(lambda x, y: self.loss(self.model(x), y), dynamic=False)

    def train(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.compute_loss(x, y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    @staticmethod
    def describe() -> str:
        return f"{pytorch.Rival.describe()}, compiled"
