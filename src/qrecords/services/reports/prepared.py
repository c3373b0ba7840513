"""What a document is drawn of: tables of figures with the records each counts, and what is to be answered before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qrecords.model.formats import FigureJson, TableJson
from qrecords.model.reportperiod import ReportPeriod


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document is about: its kind, period, branch ("" = all), and the highest secrecy that counts."""

    kind: str
    period: ReportPeriod
    branch: str
    secrecy_level: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tables ready for paper; `alarms` are to be answered before anything is drawn, `charts` are PNGs by title."""

    tables: tuple[TableJson, ...]
    figures: tuple[FigureJson, ...]
    basis: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    charts: Mapping[str, bytes] = field(default_factory=dict)
