"""Hyperparameters of wrong types and values, at every public constructor and method; scalars of NumPy's are taken."""

import pytest
from settings import RIGHT, find_fault, list_settings, list_wrong

import nnfast

SETTINGS = list_settings()


def test_there_are_enough_values():
    n_values = sum(len(list(list_wrong(setting))) for setting in SETTINGS)
    print(f"{n_values} wrong values of {len(SETTINGS)} parameters of {len({s.owner for s in SETTINGS})} owners")
    assert n_values >= 2500


@pytest.mark.parametrize("owner", sorted({setting.owner for setting in SETTINGS}))
def test_settings(owner):
    threads, faults = nnfast.get_num_threads(), {}
    for setting in SETTINGS:
        if setting.owner == owner:
            faults |= {f"{setting.name}={value!r}": find_fault(setting, value) for value in list_wrong(setting)}
            setting.call(RIGHT[setting.kind](setting.good))
    assert not {call: fault for call, fault in faults.items() if fault}
    if owner != "set_num_threads":
        assert nnfast.get_num_threads() == threads
