"""The named checks between records: what must hold beside the other records of a notice, a customer or a form.

Pure like `rules`: the caller hands in the other records, void ones left out, the record itself never among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from qrecords.errors import Problem
from qrecords.model.numbering import without_edition
from qrecords.model.rules import ConditionLike, alike, holds, is_empty
from qrecords.model.staff import NO_CARD, OUT_OF_USE, PASSED, may_be_sent
from qrecords.model.values import Values


class RelationLike(Protocol):
    """A relation of a form.toml, already read."""

    @property
    def check(self) -> str: ...  # noqa: D102
    @property
    def field(self) -> str: ...  # noqa: D102
    @property
    def same(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def among(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def marks(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def unless(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def limit(self) -> Decimal | None: ...  # noqa: D102
    @property
    def when(self) -> ConditionLike | None: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def clause(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Other:
    """Another record in the same scope; no number yet when it stands in the same input."""

    form_code: str
    record_no: str
    values: Values

    @property
    def name(self) -> str:
        """Return how a message calls it."""
        return self.record_no or "本次输入的另一条记录"


def conflicts(relation: RelationLike, values: Values, others: Sequence[Other]) -> list[Problem]:
    """Return what a relation finds wrong between a record and the others; each names the record it meets."""
    if not holds(relation.when, values):
        return []
    found = [*RELATIONS[relation.check](relation, values, others)]
    if not found:
        return []
    clause = f"（{relation.clause}）" if relation.clause else ""
    key = re.split(r"[.-]", relation.field)[0]
    return [Problem(f"{relation.message}：{detail}{clause}", key) for detail in found]


def column(values: Values, path: str) -> list[Any]:
    """Return what stands under `key` or, in every row, under `key.column`."""
    key, _, name = path.partition(".")
    cells = [row.get(name) for row in values.get(key) or []] if name else [values.get(key)]
    return [cell for cell in cells if not is_empty(cell)]


def _unique(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    mine = column(values, relation.field)
    for other in others:
        path = relation.among.get(without_edition(other.form_code))
        if path and _same(relation, values, other):
            theirs = {alike(value) for value in column(other.values, path)}
            for value in mine:
                if alike(value) in theirs:
                    yield f"{value} 已在 {other.name}"


def _apart(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    """The period `field` names as `from-to` meets no other record's of the same kind."""
    start, _, end = relation.field.partition("-")
    for other in others:
        if without_edition(other.form_code) not in relation.among or not _same(relation, values, other):
            continue
        theirs = other.values
        ends = [values.get(start), values.get(end), theirs.get(start), theirs.get(end)]
        if not any(map(is_empty, ends)) and values[start] <= theirs[end] and theirs[start] <= values[end]:
            yield f"{theirs[start]} 至 {theirs[end]} 已有 {other.name}"


def _total_below(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    """The sum over all records stays below the limit, unless a record of another form carries it."""
    mine = column(values, relation.field)
    if not mine or relation.limit is None or any(without_edition(o.form_code) in relation.unless for o in others):
        return
    total = sum(Decimal(str(v)) for v in mine)
    counted = []
    for other in others:
        path = relation.among.get(without_edition(other.form_code))
        if path and _same(relation, values, other):
            for value in column(other.values, path):
                total += Decimal(str(value))
                counted.append(other.name)
    if total >= relation.limit:
        beside = f"（连同 {'、'.join(counted)}）" if counted else ""
        yield f"共{total}{beside}"


def _known(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    """What the field says stands in one of the columns `among` names, apart by blanks; without such records it may."""
    theirs = [(o, path) for o in others for path in _path(relation, o).split()]
    said = {alike(cell) for other, path in theirs for cell in column(other.values, path)}
    if theirs:
        yield from (f"没有 {value}" for value in column(values, relation.field) if alike(value) not in said)


def _mark(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    """The field marks what became of a thing since its last record: new, changed, the same.

    The first of `same` is its number, by which it is known whatever it is called; the others are what is compared.
    `among` says which field tells the day.
    """
    number, *compared = relation.same
    said, known = values.get(relation.field), values.get(number)
    days = {o.record_no: str(o.values.get(path) or "") for o in others if (path := _path(relation, o))}
    day = str(values.get(next(iter(relation.among.values()), "")) or "")
    earlier = [
        o for o in others if alike(o.values.get(number)) == alike(known) and "" < days.get(o.record_no, "") < day
    ]
    before = max(earlier, key=lambda o: days[o.record_no], default=None)
    if is_empty(said) or is_empty(known):
        return
    if before is None:
        wanted = relation.marks["new"]
    else:
        changed = any(alike(values.get(key)) != alike(before.values.get(key)) for key in compared)
        wanted = relation.marks["changed" if changed else "same"]
    if said != wanted:
        yield f"应为「{wanted}」（{f'上一次是 {before.name}' if before else '以前没有这个编号'}）"


def _qualified(relation: RelationLike, values: Values, others: Sequence[Other]) -> Iterator[str]:
    """Every line of the field names someone who, by his card, may be sent that day for those products (5.2.1, 5.5.4).

    `same` names the field of the day and the path of the models. An office that keeps no cards is asked nothing.
    """
    cards = [o.values for o in others if without_edition(o.form_code) in relation.among]
    day, models = relation.same
    on = str(values.get(day) or "")[:10]
    for person in (values.get(relation.field) or ()) if cards and on else ():
        lacking = {
            standing: model
            for model in column(values, models) or [""]
            if (standing := may_be_sent(person, cards, on, str(model))) != PASSED
        }
        for standing, model in lacking.items():
            about = f"（{model}）" if model and standing not in {NO_CARD, OUT_OF_USE} else ""
            yield f"{person.get('name') or ''} {standing}{about}"


def _same(relation: RelationLike, values: Values, other: Other) -> bool:
    """Tell whether another record is about the same, however it is written."""
    return all(alike(other.values.get(key)) == alike(values.get(key)) for key in relation.same)


def _path(relation: RelationLike, other: Other) -> str:
    return relation.among.get(without_edition(other.form_code), "")


RELATIONS: dict[str, Callable[[RelationLike, Values, Sequence[Other]], Iterator[str]]] = {
    "unique": _unique,
    "apart": _apart,
    "known": _known,
    "total_below": _total_below,
    "mark": _mark,
    "qualified": _qualified,
}
