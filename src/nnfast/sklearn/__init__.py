"""sklearn: scikit-learn's multilayer perceptrons: change the import and nothing else. Needs scikit-learn."""

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("nnfast.sklearn needs scikit-learn: pip install scikit-learn") from error

from nnfast.sklearn.classifier import MLPClassifier
from nnfast.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
