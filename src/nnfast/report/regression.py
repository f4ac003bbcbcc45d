"""regression: how near predictions come to values."""

import math
from typing import NamedTuple

import numpy as np

from nnfast.report.charts import draw_histogram, draw_points
from nnfast.report.markup import Section, element, make_section, make_table
from nnfast.report.numbers import write_number
from nnfast.report.pictures import Array
from nnfast.report.subject import Subject

_MOST_OUTPUTS = 4


class Errors(NamedTuple):
    """Of one output: R2 (NaN where the values do not vary), root mean squared, mean absolute and largest error."""

    r2: float
    rmse: float
    mae: float
    largest: float


def measure_errors(true: Array, predicted: Array) -> Errors:
    """Measure the errors of one output."""
    errors = predicted.astype(np.float64) - true
    mse, variance = float(np.mean(errors**2)), float(np.var(true))
    r2 = 1 - mse / variance if variance > 0 else float("nan")
    return Errors(r2, mse**0.5, float(np.mean(np.abs(errors))), float(np.abs(errors).max()))


def write_r2(r2: float) -> str:
    """Return R2, or a dash where there is none."""
    return f"{r2:.4f}" if math.isfinite(r2) else "\N{EN DASH}"


def show_fit(subject: Subject) -> Section:
    """Show predicted over true values and the distribution of errors; of many outputs the first."""
    figures = []
    for output, name in enumerate(subject.names[:_MOST_OUTPUTS]):
        true, predicted = subject.y[:, output], subject.outputs[:, output].astype(np.float64)
        of = f" of {name}" if len(subject.names) > 1 else ""
        points = draw_points(f"Predicted over true values{of}; on the line they agree", true, predicted)
        bars = draw_histogram(
            f"How often errors{of} have which size", predicted - true, "predicted \N{MINUS SIGN} true"
        )
        figures.append(element("figure", element("figcaption", element("strong", f"Predicted and true{of}")), points))
        figures.append(element("figure", element("figcaption", element("strong", f"Errors{of}")), bars))
    return make_section("fit", "Predictions", element("div", *figures, class_="pair"))


def show_outputs(subject: Subject) -> Section | None:
    """Show the errors of each output; nothing if there is but one, whose errors stand at the top."""
    if len(subject.names) == 1:
        return None
    rows = []
    for output, name in enumerate(subject.names):
        errors = measure_errors(subject.y[:, output], subject.outputs[:, output])
        rows.append((name, write_r2(errors.r2), *map(write_number, errors[1:])))
    head = ("output", "R\N{SUPERSCRIPT TWO}", "RMSE", "mean absolute error", "largest error")
    return make_section("outputs", "Outputs", make_table("Errors of each output", head, rows))
