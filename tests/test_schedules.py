"""Schedules: values, words, and that training follows them. Keras' and PyTorch's numbers are in properties/."""

import json
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier
from schedule_trace import NAMES, make_schedule

from nnfast import _elementary, _fit, load_model, optimizers, schedules
from nnfast.callbacks import LambdaCallback
from nnfast.layers import Dense, Input
from nnfast.models import Sequential
from nnfast.optimizers import SGD, Adam
from nnfast.schedules import (
    Constant,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Warmup,
)

# ---- powers and cosines ----------------------------------------------------------------------------------------------


def assert_near(result: Any, expected: Any, n_ulps: float) -> None:
    exact = np.array([float(value) for value in expected])
    np.testing.assert_array_less(np.abs(result - exact), n_ulps * np.spacing(np.abs(exact)) + 1e-300)


def test_power(rng: np.random.Generator) -> None:
    bases, exponents = rng.uniform(0, 3, 2000), rng.uniform(0, 30, 2000)
    expected = [mpmath.mpf(base) ** mpmath.mpf(exponent) for base, exponent in zip(bases, exponents, strict=True)]
    # An exponent of 30 squares the rounding of a square four times.
    assert_near(_elementary.power(bases, exponents), expected, 40)
    assert_near(_elementary.power(0.96, exponents), [mpmath.mpf(0.96) ** mpmath.mpf(e) for e in exponents], 40)
    assert _elementary.power(np.array([0.0, 0, 0, 2]), np.array([0, 0.5, 3, 10])).tolist() == [1, 0, 0, 1024]
    assert _elementary.power(10.0, 400.0) == math.inf
    assert _elementary.power(0.5, 2000.0) == 0


def test_half_cosine(rng: np.random.Generator) -> None:
    x = np.sort(np.concatenate([rng.uniform(0, 1, 2000), rng.uniform(0.499, 0.501, 100), [0, 0.5, 1]]))
    result = _elementary.half_cosine(x)
    assert_near(result, [mpmath.cospi(mpmath.mpf(value) / 2) ** 2 for value in x], 6)
    assert (np.diff(result) <= 0).all()
    assert (result[0], result[-1]) == (1, 0)


def test_one_step_has_the_bits_of_many() -> None:
    """Else training batch by batch would differ from whole epochs."""
    for name in NAMES:
        schedule = make_schedule(name, 0.1)
        rates = schedules.compute_rates(schedule, np.arange(300))
        assert [schedules.compute_rate(schedule, step) for step in range(300)] == rates.tolist()


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "steps", "expected"),
    [
        (Constant(0.3), [0, 9], [0.3, 0.3]),
        (ExponentialDecay(0.5, 10, 0.25), [0, 5, 10, 20], [0.5, 0.25, 0.125, 0.03125]),
        (ExponentialDecay(0.5, 10, 0.25, staircase=True), [9, 10, 19], [0.5, 0.125, 0.125]),
        (InverseTimeDecay(1.0, 2, 0.5), [0, 2, 4], [1, 1 / 1.5, 0.5]),
        (PiecewiseConstantDecay([2, 5], [1, 2, 3]), [0, 2, 3, 5, 6], [1, 1, 2, 2, 3]),
        (PolynomialDecay(1.0, 10, 0.0), [0, 5, 10, 99], [1, 0.5, 0, 0]),
        (PolynomialDecay(1.0, 10, 0.0, cycle=True), [0, 5, 10, 15, 20], [1, 0.5, 0, 0.25, 0]),
        (CosineDecay(1.0, 10, 0.5), [0, 5, 10, 99], [1, 0.75, 0.5, 0.5]),
        (CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), [0, 1, 4, 9, 14, 99], [0, 0.25, 1, 0.5, 0, 0]),
        (CosineDecayRestarts(1.0, 10), [0, 5, 10, 20, 30, 50], [1, 0.5, 1, 0.5, 1, 0.5]),
        (CosineDecayRestarts(1.0, 4, t_mul=1.5), [4, 10, 19], [1, 1, 1]),
        (OneCycle(1.0, 21, 10 / 21 + 1 / 21, 4.0, 10.0), [0, 10, 20, 99], [0.25, 1, 0.025, 0.025]),
        (Warmup(0.5, 5), [0, 1, 5, 9], [0, 0.1, 0.5, 0.5]),
        (Warmup(PolynomialDecay(1.0, 10, 0.0), 2, 0.5), [0, 1, 2, 7, 12], [0.5, 0.75, 1, 0.5, 0]),
        (Warmup(0.5, 0), [0, 1], [0.5, 0.5]),
        (Warmup(lambda step: 1 / (1 + step), 2), [0, 1, 2, 3], [0, 0.5, 1, 0.5]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values(schedule: Any, steps: list[int], expected: list[float]) -> None:
    np.testing.assert_allclose(schedule(np.array(steps)), expected, rtol=1e-14, atol=1e-16)
    assert [schedule(step) for step in steps] == schedule(np.array(steps)).tolist()


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_plain_data_makes_the_schedule_again(name: str) -> None:
    schedule = make_schedule(name, 0.25)
    data = json.loads(json.dumps(schedules.serialize(schedule)))
    assert schedules.deserialize(data) == schedule
    optimizer = Adam(schedule, weight_decay=0.1)
    again = optimizers.CATALOGUE.deserialize(json.loads(json.dumps(optimizers.CATALOGUE.serialize(optimizer))))
    assert again.learning_rate == schedule
    assert repr(again) == repr(optimizer)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *(
            (lambda bad=bad: ExponentialDecay(bad, 10, 0.5), "initial_learning_rate")
            for bad in (-1, np.nan, "0.1", None)
        ),
        *((lambda bad=bad: ExponentialDecay(0.1, bad, 0.5), "decay_steps") for bad in (0, -1, 1.5, "3", True)),
        (lambda: ExponentialDecay(0.1, 10, -0.5), "decay_rate"),
        (lambda: ExponentialDecay(0.1, 10, 0.5, 1), "staircase"),
        (lambda: CosineDecay(0.1, 10, 1.5), "alpha"),
        (lambda: CosineDecay(0.1, 10, warmup_target=-1), "warmup_target"),
        (lambda: CosineDecay(0.1, 10, warmup_target=1, warmup_steps=-1), "warmup_steps"),
        (lambda: CosineDecayRestarts(0.1, 10, 0.5), "t_mul"),
        (lambda: PiecewiseConstantDecay([3, 2], [1, 2, 3]), "boundaries"),
        (lambda: PiecewiseConstantDecay([2, 3], [1, 2]), "values"),
        (lambda: PiecewiseConstantDecay([2, 3], [1, 2, "3"]), r"values\[2\]"),
        (lambda: PiecewiseConstantDecay("23", [1, 2, 3]), "boundaries"),
        (lambda: OneCycle(0.1, 10, 0.0), "pct_start"),
        (lambda: OneCycle(0.1, 3), "total_steps"),
        (lambda: OneCycle(0.1, 10, div_factor=0.5), "div_factor"),
        (lambda: Warmup("0.1", 3), "schedule"),
        (lambda: Warmup(CosineDecay, 3), "schedule"),
        (lambda: SGD(CosineDecay), "learning_rate"),
        (lambda: schedules.serialize(lambda step: 0.1), "learning_rate"),
        (lambda: schedules.deserialize({"class_name": "Warmup", "config": {"warmup_steps": 3}}), "schedule"),
        (lambda: SGD(lambda step: 0.1).get_config(), "learning_rate"),
    ],
)
def test_bad_words(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}.*: expected .*, received"):
        make()


# ---- training --------------------------------------------------------------------------------------------------------


def trained(optimizer: Any, epochs: int = 3, **options: Any) -> Sequential:
    """Ten batches an epoch."""
    x, y = make_classes()
    model = make_classifier(optimizer=optimizer)
    model.fit(x, y, batch_size=20, epochs=epochs, verbose=0, **options)
    return model


def test_fit_takes_each_batch_with_its_rate() -> None:
    """The steps with a number set before each batch, by a callback, by a function and by a schedule."""

    def set_rate(batch: int, logs: Any) -> None:
        step = by_hand[0].step
        model.optimizer.learning_rate = 0.5 / (1 + step)

    x, y = make_classes()
    model = make_classifier(optimizer=SGD(9.0))
    model._get_learner(x.shape[1], model._prepare(x, y, None)[1])
    by_hand = [model._learner.state]
    listener = LambdaCallback(on_train_batch_begin=set_rate)
    model.fit(x, y, batch_size=20, epochs=3, verbose=0, callbacks=[listener])
    by_schedule = trained(SGD(InverseTimeDecay(0.5, 1, 1.0)))
    seen: list[int] = []
    by_function = trained(SGD(lambda step: seen.append(step) or 0.5 / (1 + step)))
    assert hash_weights(model) == hash_weights(by_schedule) == hash_weights(by_function)
    assert set(seen) == set(range(30))
    assert hash_weights(trained(SGD(0.5))) != hash_weights(model)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_batches_epochs_and_calls_have_the_same_bits(kind: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    x, y = make_classes()
    whole = trained(kind(OneCycle(0.1, 40)))
    by_batch = trained(kind(OneCycle(0.1, 40)), callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: None)])
    by_epoch = trained(kind(OneCycle(0.1, 40)), callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: None)])
    saved = trained(kind(OneCycle(0.1, 40)), epochs=1)
    saved.save(tmp_path / "m")
    resumed = load_model(tmp_path / "m")
    resumed.fit(x, y, batch_size=20, epochs=3, initial_epoch=1, verbose=0)
    monkeypatch.setattr(_fit, "_STEPS_A_CALL", 15)
    few_steps = trained(kind(OneCycle(0.1, 40)))
    assert len({hash_weights(model) for model in (whole, by_batch, by_epoch, resumed, few_steps)}) == 1


def test_train_on_batch_and_apply_follow(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((3, 4, 3)), rng.standard_normal((3, 4, 2))
    results = []
    for rates in (PolynomialDecay(0.8, 4, 0.0), None):
        for way in ("batch", "apply"):
            model = Sequential([Input(3), Dense(2)], dtype="float64", seed=0)
            model.compile(SGD(rates or 0.0), "mse")
            for step in range(3):
                if rates is None:
                    model.optimizer.learning_rate = 0.8 - 0.2 * step
                if way == "batch":
                    model.train_on_batch(x[step], y[step])
                else:
                    model.backward((model.forward(x[step]) - y[step]) * 2 / y[step].size)
                    model.optimizer.apply(model)
            results.append(model.get_weights()[0])
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-13)


def test_a_rate_set_by_the_user_counts_from_the_next_epoch() -> None:
    def change(epoch: int, logs: Any) -> None:
        model.optimizer.learning_rate = [Constant(0.2), 0.1, lambda step: 0.3][epoch]

    x, y = make_classes()
    model = make_classifier(optimizer=SGD(CosineDecay(0.4, 10)))
    model.fit(x, y, batch_size=20, epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_end=change)])
    table = np.concatenate([CosineDecay(0.4, 10)(np.arange(10)), np.full(10, 0.2), np.full(10, 0.1)])
    assert hash_weights(trained(SGD(lambda step: table[step]))) == hash_weights(model)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, 1e31, "0.1", None])
def test_bad_rates_of_a_function_change_nothing(bad: Any) -> None:
    x, y = make_classes()
    model = make_classifier(optimizer=SGD(lambda step: bad if step == 7 else 0.1))
    before = hash_weights(model)
    with pytest.raises(ValueError, match=r"learning_rate of step 7: expected a finite number in \[0, 1e30\], received"):
        model.fit(x, y, batch_size=20, verbose=0)
    assert hash_weights(model) == before


def test_a_schedule_that_grows_too_far_is_an_error() -> None:
    with pytest.raises(ValueError, match="learning_rate of step 40: expected"):
        trained(SGD(ExponentialDecay(5e-10, 1, 10.0)), epochs=5)


def test_a_model_with_a_function_cannot_be_saved(tmp_path: Any) -> None:
    model = trained(SGD(lambda step: 0.1), epochs=1)
    with pytest.raises(ValueError, match=r"learning_rate: expected a number or a schedule of nnfast\.schedules"):
        model.save(tmp_path / "m")
    model.optimizer.learning_rate = 0.1
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").optimizer.learning_rate == 0.1
