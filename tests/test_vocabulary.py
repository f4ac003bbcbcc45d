"""The words of the field: each is there, under every name users may write, and comes back from its plain data."""

import importlib
import json

import pytest

from nnfast import callbacks

WORDS = {
    "activations": "linear sigmoid tanh relu leaky_relu relu6 elu selu celu gelu silu swish softplus softsign mish "
    "hard_sigmoid hard_tanh hard_silu hard_swish exponential softmax log_softmax binary_step sign",
    "losses": "mean_squared_error mse sum_squared_error mean_absolute_error mae huber log_cosh quantile poisson "
    "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy binary_focal_crossentropy "
    "categorical_focal_crossentropy hinge squared_hinge categorical_hinge kl_divergence cosine_similarity",
    "optimizers": "sgd adam adamw nadam rmsprop adagrad adadelta lion rprop",
    "schedules": "Constant ExponentialDecay PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay "
    "CosineDecayRestarts OneCycle",
    "initializers": "zeros ones constant random_uniform random_normal truncated_normal glorot_uniform glorot_normal "
    "he_uniform he_normal lecun_uniform lecun_normal orthogonal",
    "regularizers": "l1 l2 l1_l2",
    "constraints": "max_norm non_neg unit_norm min_max_norm",
    "metrics": "accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy "
    "sparse_top_k_categorical_accuracy precision recall f1_score auc mae mse rmse r2_score",
    "layers": "Input Dense Activation Dropout BatchNormalization LayerNormalization Rescaling Normalization",
}
"""Module -> names."""

CALLBACKS = [
    *("EarlyStopping", "ModelCheckpoint", "LearningRateScheduler", "ReduceLROnPlateau", "CSVLogger", "TensorBoard"),
    *("TerminateOnNaN", "ProgressBar", "LambdaCallback", "History", "BackupAndRestore"),
]

PAIRS = [(module, name) for module, names in WORDS.items() for name in names.split()]

ARGUMENTS = {
    "Input": {"shape": 3},
    "Dense": {"units": 2},
    "Activation": {"activation": "relu"},
    "Dropout": {"rate": 0.5},
    "Rescaling": {"scale": 2.0},
    "Constant": {"learning_rate": 0.1},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [3], "values": [0.1, 0.2]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 9},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 9},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 9},
    "OneCycle": {"max_learning_rate": 0.1, "total_steps": 9},
}
"""Where a class has no default."""


@pytest.mark.parametrize(("module", "name"), PAIRS)
def test_word_is_there_and_comes_back(module: str, name: str) -> None:
    catalogue = importlib.import_module(f"nnfast.{module}").CATALOGUE
    if name in catalogue.by_class_name and module in ("layers", "schedules"):
        entry = catalogue.by_class_name[name](**ARGUMENTS.get(name, {}))
    else:
        entry = catalogue.get(name)
    plain = catalogue.serialize(entry)
    again = catalogue.deserialize(json.loads(json.dumps(plain)))
    assert type(again) is type(entry)
    assert catalogue.serialize(again) == plain


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_is_there(name: str) -> None:
    assert issubclass(getattr(callbacks, name), callbacks.Callback)
