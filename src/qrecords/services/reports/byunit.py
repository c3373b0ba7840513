"""The evaluation for each unit that served: the same indicators over what it did itself (R.2, R169).

A unit is told by its own notices and reports; what stands in no unit's name, information, plans, items of improvement,
is the centre's. What the office is asked for itself (check lists, volumes) is no unit's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from qrecords.model.access import CENTRE, performing_unit
from qrecords.model.evaluation import Evaluation, Result, cases_of, evaluate
from qrecords.model.figures.definitions import Part, TableDefinition
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
    narrow = replace(means, tables=tuple(_asked(means.tables, [i.figure for i in own.indicators])))
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


def _asked(tables: Iterable[TableDefinition], figures: Iterable[str]) -> Iterator[TableDefinition]:
    """Give the tables that have some figures (TABLE.part.row.column), with those of their columns these rest on."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for figure in figures:
        if figure.count(".") < 3:
            continue  # asked of the office itself
        table, part, *_, column = figure.split(".")
        wanted.setdefault((table, part), set()).add(column)
    for one in tables:
        if parts := [_columns_of(p, wanted[one.id, p.key]) for p in one.parts if (one.id, p.key) in wanted]:
            yield one.model_copy(update={"parts": tuple(parts)})


def _columns_of(part: Part, wanted: set[str]) -> Part:
    """Return a part with some columns, those they are computed from, and the first, which says which rows there are."""
    named = {column.key: column for column in part.columns}
    waiting, kept = [*wanted, *[*named][:1]], set[str]()
    while waiting:
        if (key := waiting.pop()) in named and key not in kept:
            kept.add(key)
            waiting += named[key].of
    columns = tuple(column for column in part.columns if column.key in kept)
    return part.model_copy(update={"columns": columns, "closes": (), "few": (), "charts": ()})


def _units(records: Iterable[Record], period: Period) -> dict[str, str]:
    """Return the units whose people left in a period, as they are told apart and as they are called."""
    found: dict[str, str] = {}
    for record in records:
        left = str(record.values.get("departed_on") or "")[:10]
        if form_number(record.form_code) == NOTICE and record.state not in GONE and period.holds(left):
            name = performing_unit(record.values) or CENTRE
            found.setdefault(choice_key(name), name)
    return dict(sorted(found.items(), key=lambda one: (one[1] != CENTRE, one[1])))
