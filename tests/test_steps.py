"""What a step does beside its rule: words, numbers against NumPy in float64, and what it must not change."""

import json

import numpy as np
import pytest
import reference
from nets import CROSSENTROPY
from problems import hash_state, hash_weights, make_classes

from nnfast import Sequential, _lowering, constraints, layers, load_model, optimizers
from nnfast.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD, Adam
from nnfast.schedules import ExponentialDecay

EVERY_CONSTRAINT = [MaxNorm(0.7), NonNeg(), UnitNorm(), MinMaxNorm(0.8, 0.9, 0.3)]
EVERY_OPTION = [
    {"clipvalue": 0.003},
    {"clipnorm": 0.02},
    {"global_clipnorm": 0.03},
    {"gradient_accumulation_steps": 4},
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2},
    {"clipnorm": 0.02, "gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
]


def make_model(optimizer, constraint=None, *, dtype="float64", regularizer=None, bias=None):
    hidden = Dense(40, "tanh", kernel_constraint=constraint, bias_constraint=bias, kernel_regularizer=regularizer)
    stack = [Input(6), hidden, Dense(3, "softmax", kernel_constraint=constraint)]
    model = Sequential(stack, seed=1, dtype=dtype)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
@pytest.mark.parametrize("cls", optimizers.CATALOGUE.by_class_name.values())
def test_every_optimizer_takes_them(cls, options):
    optimizer = cls(0.1, **options)
    again = optimizers.CATALOGUE.deserialize(json.loads(json.dumps(optimizers.CATALOGUE.serialize(optimizer))))
    assert {name: getattr(again, name) for name in options} == options
    assert again.get_config() == optimizer.get_config()
    with pytest.raises(AttributeError, match="clipnorm cannot be changed"):
        optimizer.clipnorm = 1.0


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), True, "1"])
@pytest.mark.parametrize("name", ["clipvalue", "clipnorm", "global_clipnorm"])
def test_bad_bounds(name, value):
    with pytest.raises(ValueError, match=rf"{name}: expected a finite number in \(0, inf\), received"):
        SGD(**{name: value})


def test_other_bad_options():
    with pytest.raises(ValueError, match="clipnorm and clipvalue: expected at most one way of clipping"):
        Adam(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match=r"ema_momentum: expected a finite number in \[0, 1\], received 1.5"):
        Adam(use_ema=True, ema_momentum=1.5)
    with pytest.raises(ValueError, match="gradient_accumulation_steps: expected an integer from 2"):
        Adam(gradient_accumulation_steps=1)
    with pytest.raises(TypeError, match="expected no argument 'clip_norm'"):
        Adam(clip_norm=1.0)


@pytest.mark.parametrize("constraint", EVERY_CONSTRAINT, ids=repr)
def test_config_makes_the_constraint_again(constraint):
    data = json.loads(json.dumps(constraints.CATALOGUE.serialize(constraint)))
    assert constraints.CATALOGUE.deserialize(data) == constraint or type(constraint) is NonNeg
    layer = Dense(2, kernel_constraint=constraint, bias_constraint="max_norm")
    again = layers.CATALOGUE.deserialize(json.loads(json.dumps(layers.CATALOGUE.serialize(layer))))
    assert again.get_config() == layer.get_config()
    assert again.bias_constraint == MaxNorm(2.0)


def test_bad_constraints():
    with pytest.raises(ValueError, match=r"axis: expected one of 0, received 1"):
        MaxNorm(axis=1)
    with pytest.raises(ValueError, match=r"rate: expected a finite number in \[0, 1\]"):
        MinMaxNorm(rate=2)
    with pytest.raises(ValueError, match=r"max_value: expected a number >= min_value, 2.0, received 1.0"):
        MinMaxNorm(2.0, 1.0)
    with pytest.raises(ValueError, match=r"constraint: expected one of .* did you mean 'maxnorm'"):
        Dense(1, kernel_constraint="maxnorms")


# ---- numbers ---------------------------------------------------------------------------------------------------------


class Steps:
    """Keras' order of things, in NumPy, on a list of parameters."""

    def __init__(self, optimizer, bounds):
        self.rule, self.hyperparameters = _lowering.lower_optimizer(optimizer)
        self.update, n_slots = reference.OPTIMIZERS[self.rule]
        self.optimizer, self.bounds, self.n_slots = optimizer, bounds, n_slots
        self.batches, self.slots, self.gathered, self.average = 0, None, None, None

    def clip(self, gradients):
        o = self.optimizer
        if o.clipvalue:
            return [np.clip(g, -o.clipvalue, o.clipvalue) for g in gradients]
        norms = [np.linalg.norm(g) for g in gradients]
        if o.clipnorm:
            return [g * min(1, o.clipnorm / norm) for g, norm in zip(gradients, norms)]
        if o.global_clipnorm:
            return [g * min(1, o.global_clipnorm / np.linalg.norm(norms)) for g in gradients]
        return gradients

    def take(self, weights, gradients):
        o, every = self.optimizer, self.optimizer.gradient_accumulation_steps or 1
        steps_before = self.batches // every
        self.batches += 1
        self.slots = self.slots or [[np.zeros_like(w) for _ in range(self.n_slots)] for w in weights]
        self.gathered = [a + g for a, g in zip(self.gathered or np.zeros(len(weights)), gradients)]
        if self.batches % every == 0:
            gradients = self.clip([g / every for g in self.gathered])
            rows = zip(weights, gradients, self.slots)
            rate = o.learning_rate(self.batches - 1) if callable(o.learning_rate) else o.learning_rate
            hyperparameters = [rate, *self.hyperparameters[1:]]
            weights = [self.update(w, g, s, hyperparameters, steps_before + 1) for w, g, s in rows]
            self.gathered = None
        if o.use_ema:
            m = o.ema_momentum if steps_before else 0
            self.average = [m * a + (1 - m) * w for a, w in zip(self.average or weights, weights)]
            if o.ema_overwrite_frequency and (steps_before + 1) % o.ema_overwrite_frequency == 0:
                weights = [a.copy() for a in self.average]
        return [constrain(w, bound) for w, bound in zip(weights, self.bounds)]


def constrain(w, constraint):
    if constraint is None:
        return w
    if isinstance(constraint, NonNeg):
        return np.maximum(w, 0)
    _, low, high, rate = constraint.terms
    norm = np.sqrt((w * w).sum(axis=0, keepdims=True))
    return w * (rate * np.clip(norm, low, high) + (1 - rate) * norm) / (1e-7 + norm)


def train_reference(model, x, labels, batch_size, n_epochs, regularizer=None):
    dense = model.layers
    bounds = [bound for layer in dense for bound in (layer.kernel_constraint, layer.bias_constraint)]
    steps, weights = Steps(model.optimizer, bounds), model.get_weights()
    t = np.eye(3)[labels]
    for first in list(range(0, len(x), batch_size)) * n_epochs:
        rows = slice(first, first + batch_size)
        pairs = zip(weights[::2], weights[1::2], dense, strict=True)
        network = reference.Network([reference.Layer("dense", w, b, d.activation.names[0]) for w, b, d in pairs])
        network.loss_and_grad(CROSSENTROPY, x[rows], t[rows])
        gradients = [network.layers[i].grads[name] for i, name, _ in network.parameters()]
        for i, layer in enumerate(dense):
            l1, l2 = layer.kernel_regularizer.factors if layer.kernel_regularizer else (0, 0)
            gradients[2 * i] = gradients[2 * i] + l1 * np.sign(weights[2 * i]) + 2 * l2 * weights[2 * i]
        weights = steps.take(weights, gradients)
    return steps.average or weights


def check_against_numpy(model, batch_size, tolerance=1e-11):
    x, labels = make_classes(50)
    expected = train_reference(model, x.astype(np.float64), labels, batch_size, 2)
    model.fit(x, labels, batch_size=batch_size, epochs=2, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
@pytest.mark.parametrize("cls", [SGD, Adam])
def test_options_against_numpy(cls, options, batch_size):
    check_against_numpy(make_model(cls(0.01, **options)), batch_size)


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("constraint", EVERY_CONSTRAINT, ids=repr)
def test_constraints_against_numpy(constraint, batch_size):
    model = make_model(SGD(0.1, momentum=0.9), constraint, bias=constraint)
    check_against_numpy(model, batch_size, 1e-9)


def test_all_together_against_numpy():
    optimizer = Adam(0.01, global_clipnorm=0.03, gradient_accumulation_steps=2, use_ema=True, ema_overwrite_frequency=3)
    check_against_numpy(make_model(optimizer, MaxNorm(0.7), regularizer="l1_l2", bias="non_neg"), 7)


def test_schedules_count_batches():
    """Keras says so where steps gather several."""
    check_against_numpy(make_model(Adam(ExponentialDecay(0.02, 3, 0.5), gradient_accumulation_steps=3)), 7)


def test_constraints_hold(dtype):
    x, labels = make_classes(300)
    model = make_model(Adam(0.05), "max_norm", dtype=dtype, bias="non_neg")
    model.fit(x, labels, epochs=5, verbose=0)
    norms = [np.linalg.norm(w.astype(np.float64), axis=0) for w in model.get_weights()[::2]]
    assert max(n.max() for n in norms) == pytest.approx(2, rel=1e-6)
    assert model.get_weights()[1].min() == 0


def test_predictions_know_constrained_weights(dtype):
    """The copies that gradients pass through are brought up to date as well: the next step is a new model's."""
    x, labels = make_classes(60)
    trained = make_model(SGD(0.3, clipnorm=0.5), UnitNorm(), dtype=dtype)
    trained.fit(x, labels, batch_size=60, verbose=0)
    fresh = make_model(SGD(0.3, clipnorm=0.5), UnitNorm(), dtype=dtype)
    fresh.set_weights(trained.get_weights())
    assert np.array_equal(fresh.predict(x), trained.predict(x))
    for model in (trained, fresh):
        model.fit(x, labels, batch_size=60, shuffle=False, verbose=0)
    assert hash_weights(trained) == hash_weights(fresh)


# ---- what must not change --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 16, 1100])
@pytest.mark.parametrize("name", ["clipvalue", "clipnorm", "global_clipnorm"])
def test_bounds_that_clip_nothing_change_no_bit(name, batch_size, dtype, n_threads):
    x, labels = make_classes(40 if batch_size == 1 else 1200)
    models = [make_model(Adam(0.01, **options), dtype=dtype) for options in ({}, {name: 1e6})]
    for model in models:
        model.fit(x, labels, batch_size=batch_size, epochs=2, verbose=0)
    assert hash_weights(models[0]) == hash_weights(models[1])


@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
def test_apply_takes_the_same_steps(options):
    model = make_model(Adam(0.01, **options), MaxNorm(0.7), bias="non_neg", regularizer="l2")
    x, labels = make_classes(50)
    x = x.astype(np.float64)
    kept = model.get_weights()
    model.fit(x, labels, batch_size=10, shuffle=False, verbose=0)
    if options.get("use_ema"):
        return  # fit ends with the average
    ends = model.get_weights()
    model.compile(model.optimizer, model.loss)
    model.set_weights(kept)
    for first in range(0, 50, 10):
        rows = slice(first, first + 10)
        p = model.forward(x[rows])
        # fit's loss is joint with the softmax; going through the probabilities gives the same but for rounding.
        model.backward(-np.eye(3)[labels[rows]] / p / 10)
        model.optimizer.apply(model)
    for a, b in zip(ends, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
def test_saved_in_the_middle(options, tmp_path):
    """Five batches an epoch, four a step: gradients gathered and averages are in the file, and nothing is lost."""
    x, labels = make_classes(50)
    model = make_model(Adam(0.01, **options), MaxNorm(0.7))
    model.fit(x, labels, batch_size=10, verbose=0)
    assert model._learner.state.step == model._epochs_done * 5 == 5
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for each in (model, again):
        each.fit(x, labels, batch_size=10, epochs=2, verbose=0)
        each.history = None
    assert hash_state(again) == hash_state(model)


def test_averages_replace_weights_only_when_fit_ends():
    from nnfast.callbacks import Callback

    class Listener(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.before = self.model.get_weights()

    x, labels = make_classes(50)
    last = []
    for options in ({}, {"use_ema": True}):
        listener, model = Listener(), make_model(Adam(0.01, **options))
        model.fit(x, labels, epochs=2, verbose=0, callbacks=[listener])
        last.append(listener.before[0])
        assert np.array_equal(listener.before[0], model.get_weights()[0]) == (not options)
    assert np.array_equal(*last)
