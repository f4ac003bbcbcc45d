"""PyTorch in inference mode, traced and frozen by TorchScript, which for one row also optimizes it."""

import warnings

import numpy as np
import torch
from torch import nn

from benchmarks.train import pytorch
from benchmarks.workloads import Data, PredictTask


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: PredictTask, data: Data, n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        self.x = torch.from_numpy(data.x)
        model = pytorch.make_model(task, data)
        if task.net.output == "softmax":
            model.append(nn.Softmax(dim=1))
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.model = torch.jit.freeze(torch.jit.trace(model.eval(), self.x))
            if task.n_rows == 1:
                self.model = torch.jit.optimize_for_inference(self.model)

    @torch.inference_mode()
    def run(self, n: int, shuffle: bool) -> None:
        del shuffle
        for _ in range(n):
            self.out = self.model(self.x)

    def get_results(self) -> list[np.ndarray]:
        return [self.out.numpy()]

    @staticmethod
    def describe() -> str:
        return pytorch.Rival.describe()
