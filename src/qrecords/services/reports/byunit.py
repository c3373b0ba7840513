"""The evaluation for each unit that served: the same indicators over what it did itself (R.2, R169).

A unit is told by its own notices and reports; what stands in no unit's name, information, plans, items of improvement,
is the centre's. What the office is asked for itself (check lists, volumes) is no unit's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from qrecords.model.access import CENTRE, performing_unit
from qrecords.model.evaluation import Evaluation, Result, cases_of, evaluate
from qrecords.model.figures.drawing import Means, Read, draw
from qrecords.model.numbering import form_number
from qrecords.model.period import Period
from qrecords.model.record import GONE, Record
from qrecords.model.values import choice_key

NOTICE = "04"


def results_by_unit(
    own: Evaluation, kinds: Iterable[str], period: Period, read: Read, means: Means, today: str
) -> dict[str, Result]:
    """Return the evaluation of each unit whose people left in a period, the centre first; none where one alone did."""
    names = _units(read.records, period)
    if len(names) < 2:
        return {}
    asked = {indicator.figure.partition(".")[0] for indicator in own.indicators}
    narrow = replace(means, tables=tuple(t for t in means.tables if t.id in asked))
    parts: dict[str, list[Record]] = {key: [] for key in names}
    unit = cache(choice_key)
    for record in read.records:
        if (key := unit(performing_unit(record.values) or CENTRE)) in parts:
            parts[key].append(record)
    found: dict[str, Result] = {}
    for key, name in names.items():
        its = replace(read, records=parts[key])
        figures = {
            f.id: f for kind in kinds for t in draw(kind, period, its, narrow, today).tables for f in t.figures()
        }
        values = {figure_id: figure.value for figure_id, figure in figures.items()}
        found[name] = evaluate(own, values.get, {i: cases_of(figure) for i, figure in figures.items()})
    return found


def _units(records: Iterable[Record], period: Period) -> dict[str, str]:
    """Return the units whose people left in a period, as they are told apart and as they are called."""
    found: dict[str, str] = {}
    for record in records:
        left = str(record.values.get("departed_on") or "")[:10]
        if form_number(record.form_code) == NOTICE and record.state not in GONE and period.holds(left):
            name = performing_unit(record.values) or CENTRE
            found.setdefault(choice_key(name), name)
    return dict(sorted(found.items(), key=lambda one: (one[1] != CENTRE, one[1])))
