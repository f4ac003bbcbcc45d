"""fork_libraries: how each library trains and predicts a small problem, for fork_scenarios.py."""

import hashlib
import os
from typing import Any

import numpy as np

N_ROWS, N_FEATURES, N_CLASSES = 2000, 64, 5


def get_threads() -> int:
    return int(os.environ["OMP_NUM_THREADS"])


class Library:
    """Data, and the bits of what is predicted; a subclass says how it is trained."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.x = rng.normal(size=(N_ROWS, N_FEATURES)).astype("float32")
        self.y = self.x[:, :N_CLASSES].argmax(axis=1).astype("int64")

    def fit(self) -> Any:
        raise NotImplementedError

    def predict_rows(self, model: Any) -> Any:
        raise NotImplementedError

    def predict(self, model: Any) -> bytes:
        return hashlib.sha256(np.ascontiguousarray(self.predict_rows(model)).tobytes()).digest()

    def fit_and_predict(self) -> bytes:
        return self.predict(self.fit())


class Nnfast(Library):
    """A dense layer with dropout and one behind it, Adam."""

    def __init__(self) -> None:
        import nnfast

        super().__init__()
        nnfast.set_num_threads(get_threads())

    def fit(self) -> Any:
        from soak import small

        model = small.make_model()
        model.fit(self.x, self.y, batch_size=256, epochs=2, verbose=0)
        return model

    def predict_rows(self, model: Any) -> Any:
        return model.predict(self.x, verbose=0)


class Torch(Library):
    """Two dense layers, the loop of the tutorials."""

    def __init__(self) -> None:
        import torch

        super().__init__()
        torch.set_num_threads(get_threads())

    def fit(self) -> Any:
        import torch

        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 5))
        optimizer = torch.optim.Adam(model.parameters())
        x, y = torch.from_numpy(self.x), torch.from_numpy(self.y)
        for first in range(0, N_ROWS, 500):
            loss = torch.nn.functional.cross_entropy(model(x[first : first + 500]), y[first : first + 500])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model

    def predict_rows(self, model: Any) -> Any:
        import torch

        with torch.no_grad():
            return model(torch.from_numpy(self.x)).numpy()


class HistGradientBoosting(Library):
    """scikit-learn's; five trees a class."""

    def fit(self) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(self.x, self.y)

    def predict_rows(self, model: Any) -> Any:
        return model.predict_proba(self.x)


class LightGBM(Library):
    """Five trees a class, deterministic."""

    def fit(self) -> Any:
        import lightgbm

        settings: dict[str, Any] = {
            "num_threads": get_threads(),
            "deterministic": True,
            "force_row_wise": True,
            "seed": 0,
        }
        data = lightgbm.Dataset(self.x, self.y)
        parameters = {"objective": "multiclass", "num_class": N_CLASSES, "verbose": -1, **settings}
        return lightgbm.train(parameters, data, num_boost_round=5)

    def predict_rows(self, model: Any) -> Any:
        return model.predict(self.x, num_threads=get_threads())


LIBRARIES = {"nnfast": Nnfast, "torch": Torch, "sklearn": HistGradientBoosting, "lightgbm": LightGBM}
