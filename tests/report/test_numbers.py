"""Axes hold what they show, numbers are written as one reads them, and an interval is as wide as it should be."""

import pytest

from nnfast.report.headline import measure_interval
from nnfast.report.numbers import (
    make_axis,
    make_integer_axis,
    write_number,
    write_rate,
    write_seconds,
    write_share,
    write_time,
)


def test_interval_of_a_share():
    """The interval's ends are the shares from which the observed one is 1.96 deviations away."""
    for n_right, n in ((0, 10), (7, 10), (347, 355), (10, 10)):
        for end in measure_interval(n_right, n):
            if 0 < end < 1:
                assert abs(n_right / n - end) == pytest.approx(1.959964 * (end * (1 - end) / n) ** 0.5, rel=1e-6)
    assert measure_interval(0, 10)[0] == 0
    assert measure_interval(10, 10)[1] == 1


@pytest.mark.parametrize("values", [[0.1, 0.9], [-3, 8], [1e-7, 3e-7], [5, 5], [0, 0], [-1e9, 2e9], [0.98, 0.991]])
def test_axis_holds_its_values(values):
    axis = make_axis(values)
    places = [axis.place(value) for value in (*values, *axis.ticks)]
    assert min(places) >= -1e-9
    assert max(places) <= 1 + 1e-9
    assert 3 <= len(axis.ticks) <= 8
    assert len({axis.write(tick) for tick in axis.ticks}) == len(axis.ticks)


@pytest.mark.parametrize("values", [[0.01, 1], [1e-6, 2], [0.04, 2.3], [1e-30, 1e9]])
def test_axis_of_decades(values):
    axis = make_axis(values, may_be_log=True)
    assert axis.is_log
    assert 0 <= axis.place(values[0]) < axis.place(values[1]) <= 1
    assert 2 <= len(axis.ticks) <= 8


@pytest.mark.parametrize(("low", "high"), [(1, 1), (1, 2), (1, 60), (7, 13), (1, 1000)])
def test_axis_of_epochs(low, high):
    ticks = make_integer_axis(low, high).ticks
    assert ticks[0] == low
    assert ticks[-1] <= max(high, low + 1)
    assert all(tick == int(tick) for tick in ticks)
    assert len(ticks) <= 8


def test_written_numbers():
    assert [write_share(share) for share in (1, 0.9999, 0.5)] == ["100.0 %", "99.9 %", "50.0 %"]
    assert [write_number(n) for n in (0.0421234, 1234567, 12345.67, 3.0)] == ["0.04212", "1,234,567", "12,345.7", "3"]
    assert [write_seconds(s) for s in (0.0421, 0.421, 12.3, 200, 7500)] == [
        "42 ms",
        "0.42 s",
        "12 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_written_rates():
    assert [write_rate(rate) for rate in (40_000.4, 3_065_739)] == ["40,000", "3.07 million"]


def test_written_times():
    assert write_time("2026-01-02T03:04:05+00:00") == "2026-01-02 03:04 UTC"
    assert write_time("2026-01-02T03:04:05Z") == "2026-01-02 03:04 UTC"
    assert write_time("yesterday") == "yesterday"
