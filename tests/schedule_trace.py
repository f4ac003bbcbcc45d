"""schedule_trace.py: what properties/write_schedule_trace.py wrote, and its schedules in nnfast's words."""

import json
from typing import Any

from writers import load_writer

from nnfast import schedules

WRITER = load_writer("write_schedule_trace")
TRACE: dict[str, Any] = json.loads(WRITER.TRACE.read_text())
NAMES = [*WRITER.SCHEDULES, "piecewise", *WRITER.TORCH_SCHEDULES]


def make_schedule(name: str, rate: float) -> schedules.LearningRate:
    if name == "constant":
        return schedules.Constant(rate)
    if name == "step":
        return schedules.StepDecay(rate, 40, 0.3)
    if name == "one cycle":
        return schedules.OneCycle(rate, WRITER.N_STEPS, pct_start=0.25)
    if name == "warmup":
        return schedules.Warmup(schedules.ExponentialDecay(rate, 1, 0.98), 20, 0.1 * rate)
    if name == "piecewise":
        return schedules.PiecewiseConstantDecay(WRITER.BOUNDARIES, [rate * share for share in WRITER.SHARES])
    kind, arguments = WRITER.SCHEDULES[name]
    return getattr(schedules, kind)(rate, **arguments)
