"""report: a model, its training and its mistakes on one page of HTML that needs nothing else."""

from nnfast.report.page import write_report

__all__ = ["write_report"]
