"""What a document is drawn of: tables of figures with the records each counts, and what is to be answered before."""

from __future__ import annotations

from dataclasses import dataclass

from qrecords.model.formats import ChartJson, FigureJson, TableJson
from qrecords.model.period import Period


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document is about: its kind, period, branch ("" = all), and the highest secrecy that counts."""

    kind: str
    period: Period
    branch: str
    secrecy_level: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tables ready for paper, the records they rest on; `alarms` are to be answered before anything is drawn."""

    tables: tuple[TableJson, ...]
    figures: tuple[FigureJson, ...]
    basis: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    charts: tuple[ChartJson, ...] = ()
    records: tuple[tuple[str, int], ...] = ()
