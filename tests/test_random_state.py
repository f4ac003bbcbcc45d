"""Numbers drawn for data: the reference generator's, of streams that no model has."""

import numpy as np
import pytest

from nnfast import _core
from nnfast._random_state import Numbers


def test_streams_are_counted_down():
    numbers = Numbers(5)
    first, second = numbers.draw_order(9), numbers.draw_order(9)
    assert first.dtype == np.int64
    np.testing.assert_array_equal(first, _core.random_order(5, 2**32 - 1, 9))
    np.testing.assert_array_equal(second, _core.random_order(5, 2**32 - 2, 9))
    uniform, normal = numbers.draw_uniform(2, 3), numbers.draw_normal(2, 3)
    np.testing.assert_array_equal(uniform.reshape(-1), _core.random_uniform(5, 2**24 - 3, 6))
    np.testing.assert_array_equal(normal.reshape(-1), _core.normal_quantile(_core.random_uniform(5, 2**24 - 4, 6)))


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.uint64(3)])
def test_seeds(seed):
    np.testing.assert_array_equal(Numbers(seed).draw_uniform(4), _core.random_uniform(int(seed), 2**24 - 1, 4))


def test_a_generator_gives_another_seed_each_time():
    drawn = []
    for seed in (7, 7, 8):
        generator = np.random.default_rng(seed)
        drawn.append([Numbers(generator).draw_uniform(1).item() for _ in range(2)])
    assert drawn[0] == drawn[1]
    assert len({*drawn[0], *drawn[2]}) == 4


def test_no_seed_is_another_each_time():
    assert Numbers(None).draw_uniform(4).tolist() != Numbers(None).draw_uniform(4).tolist()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "1"])
def test_other_seeds(seed):
    with pytest.raises(
        ValueError, match=r"random_state: expected an integer from 0 to 2\^64 - 1, a numpy\.random\.Gen"
    ):
        Numbers(seed)


def test_too_many_rows():
    with pytest.raises(ValueError, match=r"rows to shuffle: expected an integer from 0 to 2147483647"):
        Numbers(0).draw_order(2**31)
