"""What a document is drawn of: tables of figures with the records each counts, and what is to be answered before."""

from __future__ import annotations

from dataclasses import dataclass, field

from qrecords.model.figures.alarms import Answers
from qrecords.model.formats import AlarmJson, ChartJson, FigureJson, TableJson
from qrecords.model.period import Period


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document is about: its kind, period, branch ("" = all), the highest secrecy that counts; what is said to
    its alarms; the office of military representatives it is narrowed to.
    """

    kind: str
    period: Period
    branch: str
    secrecy_level: str
    said: Answers = field(default_factory=Answers)
    milrep: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tables ready for paper, the records they rest on; each of the `alarms` is answered before anything is drawn."""

    tables: tuple[TableJson, ...]
    figures: tuple[FigureJson, ...]
    basis: tuple[str, ...] = ()
    alarms: tuple[AlarmJson, ...] = ()
    charts: tuple[ChartJson, ...] = ()
    records: tuple[tuple[str, int], ...] = ()
