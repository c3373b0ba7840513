"""Figures of reports (domain F.4, F.5): exact arithmetic, and results that know where they come from."""

from qrecords.model.figures.arithmetic import (
    NEW,
    NONE,
    Rate,
    Rounding,
    closes,
    growth,
    mean,
    median,
    rounded,
    shares,
)
from qrecords.model.figures.results import ColumnHead, Figure, TableResult, TableRow

__all__ = [
    "NEW",
    "NONE",
    "ColumnHead",
    "Figure",
    "Rate",
    "Rounding",
    "TableResult",
    "TableRow",
    "closes",
    "growth",
    "mean",
    "median",
    "rounded",
    "shares",
]
