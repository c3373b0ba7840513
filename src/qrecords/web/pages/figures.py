"""The office's own figures on 「报表」: what is counted, its charts, and the records a figure leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from qrecords.errors import InvalidInput, NotFound
from qrecords.model.arrivals import Arrival
from qrecords.model.record import STATE_LABELS, State
from qrecords.render.charts.chart import Chart, Kind, Series, Value
from qrecords.services.administer import Status, status
from qrecords.services.arrivals import Arrivals, arrivals, notices_due
from qrecords.services.complaints import Complaints, complaints
from qrecords.services.due import Due, DueList, due
from qrecords.web.asked import Asked
from qrecords.web.pages.today import seen_to

SHOWN = 200  # lines of what a figure counts; the rest is counted
OWN = "本中心"  # what a unit without a name is called


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page counts of one year; what is due is counted as of today."""

    stands: Status
    due: DueList
    by_rule: Sequence[tuple[str, str, int]]  # key of the deadline, what it is called, how many
    rates: Arrivals
    complaints: Complaints
    by_month: Sequence[tuple[int, int]]  # of the complaints received


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a figure counts, and where it is seen to."""

    go: str
    about: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one figure counts."""

    title: str
    heads: Sequence[str]
    lines: Sequence[Line]
    more: int


def year_asked(asked: Asked) -> int:
    """Return the year asked for, this one when none is; InvalidInput."""
    text = asked.query("year") or asked.session.today()[:4]
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise InvalidInput(f"年度「{text[:20]}」不是四位数字", remedy="请写成 2026 的样子")
    return int(text)


def complaints_of(asked: Asked, year: int) -> Complaints:
    """Return the complaints received in a year."""
    return complaints(asked.session, since=f"{year}-01-01", until=f"{year}-12-31")


def figures(asked: Asked, year: int) -> Figures:
    """Return what the page counts."""
    late, told = due(asked.session), complaints_of(asked, year)
    rules = Counter((d.key, d.label) for d in late.due).most_common()
    return Figures(
        status(asked.session),
        late,
        [(key, label, n) for (key, label), n in rules],
        arrivals(asked.session, year),
        told,
        _by_month(told),
    )


def _by_month(found: Complaints) -> list[tuple[int, int]]:
    counted = Counter(int(c.received_on[5:7]) for c in found.complaints)
    return [(month, counted[month]) for month in range(1, 13)]


# What a figure counts


def address(year: int, figure: str, of: str = "", unit: str | None = None) -> str:
    """Return where a figure leads: `of` is the part counted, `unit` whose, None = everyone's."""
    words = {"year": str(year), "figure": figure} | ({"of": of} if of else {})
    return f"/reports?{urlencode(words if unit is None else {**words, 'unit': unit})}#figure"


def counted(asked: Asked, found: Figures) -> Counted | None:
    """Return what the figure asked for counts, None when none is asked for; NotFound for one there is not."""
    if not (name := asked.query("figure")):
        return None
    if (count := COUNTED.get(name)) is None:
        raise NotFound("没有这个数字", remedy="请从「报表」的页面上点")
    return count(asked, found)


def _due(asked: Asked, found: Figures) -> Counted:
    of = asked.query("of")
    there = [d for d in found.due.due if of in {"", d.key} or (of == "late" and d.late)]
    lines = [Line(seen_to(asked, d), d.about, (d.limit_on, _left(d), d.who, d.label)) for d in there]
    labels = {"": "到期与逾期", "late": "逾期"} | {key: label for key, label, _ in found.by_rule}
    return _shown(labels.get(of, "到期与逾期"), ("最迟", "还有", "谁办", "事项"), lines)


def _left(one: Due) -> str:
    return f"逾期{-one.days_left}天" if one.late else f"{one.days_left}天"


def _complaints(asked: Asked, found: Figures) -> Counted:
    of = asked.query("of")
    all_ = found.complaints.complaints
    there = [c for c in all_ if of in {"", str(int(c.received_on[5:7]))} or (of == "open" and c.open)]
    lines = [
        Line(
            f"/records/{c.record_no}", c.record_no, (c.received_on[:10], c.customer_unit, c.state_label, f"{c.days}天")
        )
        for c in there
    ]
    month = f"{of}月收到的投诉" if of.isdecimal() else "投诉"
    return _shown("没有办结的投诉" if of == "open" else month, ("接收", "用户", "状态", "天数"), lines)


PARTS: Mapping[str, tuple[str, Callable[[Arrival], bool]]] = {
    "": ("通知单", lambda a: True),
    "arrived": ("已到达的通知单", lambda a: a.days_late is not None),
    "in-time": ("按期到达的通知单", lambda a: a.days_late is not None and not a.late),
    "late": ("迟到的通知单", lambda a: a.late),
    "awaited": ("还没有到达日期的通知单", lambda a: a.days_late is None),
}


def _arrivals(asked: Asked, found: Figures) -> Counted:
    title, fits = PARTS.get(asked.query("of"), PARTS[""])
    unit = asked.query("unit") if "unit" in asked.request.query_params else None
    there = [a for a in notices_due(asked.session, found.rates.year) if fits(a) and unit in {None, a.unit}]
    lines = [
        Line(f"/records/{a.record_no}", a.record_no, (a.unit or OWN, a.customer_unit, a.required, a.arrived))
        for a in sorted(there, key=lambda a: (a.required, a.record_no))
    ]
    return _shown(title if unit is None else f"{unit or OWN}：{title}", ("单位", "用户", "应到", "实到"), lines)


def _shown(title: str, heads: Sequence[str], lines: Sequence[Line]) -> Counted:
    return Counted(f"{title}：{len(lines)}", heads, lines[:SHOWN], max(0, len(lines) - SHOWN))


COUNTED: Mapping[str, Callable[[Asked, Figures], Counted]] = {
    "due": _due,
    "complaints": _complaints,
    "arrivals": _arrivals,
}


# Charts: no more than the tables beside them say


def _states_chart(asked: Asked) -> Chart:
    found = status(asked.session).records
    return _bars("各状态的记录", "份", ((STATE_LABELS[State(s)], n) for s, n in found.items()), "states")


def _due_chart(asked: Asked) -> Chart:
    found = Counter(d.label for d in due(asked.session).due).most_common()
    return _bars("各事项到期与逾期", "项", found, "rules")


def _complaints_chart(asked: Asked) -> Chart:
    year = year_asked(asked)
    months = ((f"{month}月", n) for month, n in _by_month(complaints_of(asked, year)))
    return _bars(f"{year}年各月的投诉", "件", months, "months", Kind.MONTHS)


def _arrivals_chart(asked: Asked) -> Chart:
    units = ((r.name or OWN, r.in_time) for r in arrivals(asked.session, year_asked(asked)).units)
    return _bars("各单位按期到达", "次", units, "units")


def _bars(title: str, unit: str, found: Iterable[tuple[str, int]], name: str, kind: Kind = Kind.PARTS) -> Chart:
    named = list(found)
    values = tuple(Value(n, str(n)) for _, n in named)
    return Chart(kind, title, unit, tuple(label for label, _ in named), (Series(title, values),), name=name)


CHARTS: Mapping[str, Callable[[Asked], Chart]] = {
    "states": _states_chart,
    "due": _due_chart,
    "complaints": _complaints_chart,
    "arrivals": _arrivals_chart,
}
