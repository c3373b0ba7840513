"""The named checks a form.toml may use: a small fixed set of pure functions, nothing evaluated.

A rule says what must hold among the values of one record. A check looks only at what is there: whether a
value may still be absent is a question of stages (`required_when` is asked when its stage is completed).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from qrecords.advice import advise
from qrecords.errors import Problem
from qrecords.model.values import Values, choice_key


class ConditionLike(Protocol):
    """When a rule applies: a field holds one of some values, or merely holds one."""

    @property
    def field(self) -> str: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def among(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def not_among(self) -> Sequence[Any]: ...  # noqa: D102


class DeadlineLike(Protocol):
    """A deadline, already read."""

    @property
    def limit(self) -> int: ...  # noqa: D102
    def limit_day(self, start: date, calendar: Any, /) -> date: ...  # noqa: D102


class RuleLike(Protocol):
    """A rule of a form.toml, already read."""

    @property
    def check(self) -> str: ...  # noqa: D102
    @property
    def fields(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def among(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def limit(self) -> Decimal | None: ...  # noqa: D102
    @property
    def deadline(self) -> DeadlineLike | None: ...  # noqa: D102
    @property
    def calendar(self) -> object: ...  # noqa: D102
    @property
    def when(self) -> ConditionLike | None: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def clause(self) -> str: ...  # noqa: D102


Labels = Callable[[str], str]


def is_empty(value: object) -> bool:
    """Tell whether a field has nothing in it; false and zero are something."""
    return value is None or value in ("", [])


def alike(value: Any) -> Any:
    """Return what a value is compared by: words without what people vary in writing them (张 三 is 张三)."""
    return choice_key(value) if isinstance(value, str) else value


def holds(condition: ConditionLike | None, values: Values) -> bool:
    """Tell whether a condition is met; none at all is always met, several choices are met by any."""
    if condition is None:
        return True
    value = values.get(condition.field)
    if condition.column:
        value = [row[condition.column] for row in value or () if not is_empty(row.get(condition.column))]
    if is_empty(value):
        return False
    if not isinstance(value, list):
        return value in condition.among if condition.among else value not in condition.not_among
    if condition.among:
        return any(v in condition.among for v in value)
    if condition.not_among:
        return any(v not in condition.not_among for v in value)
    return True


def condition_words(condition: ConditionLike | None, label: Labels) -> str:
    """Return when a rule applies, as it is told: 「方向」是「去电」时, or "" for always."""
    if condition is None:
        return ""
    name = label(f"{condition.field}.{condition.column}" if condition.column else condition.field)
    if condition.column:
        name = f"{label(condition.field)}」里「{name}"
    if condition.among:
        return f"「{name}」是{_either(condition.among)}时，"
    if condition.not_among:
        return f"「{name}」不是{_either(condition.not_among)}时，"
    return f"填了「{name}」时，"


def _either(choices: Sequence[Any]) -> str:
    words = ["是" if c is True else "否" if c is False else str(c) for c in choices]
    return "或".join(f"「{word}」" for word in words)


def violations(rule: RuleLike, values: Values, label: Labels) -> list[Problem]:
    """Return what a rule finds wrong; none where it does not apply or its fields are not there yet."""
    if not holds(rule.when, values):
        return []
    found = [*CHECKS[rule.check](rule, values, label)]
    if not found:
        return []
    clause = f"（{rule.clause}）" if rule.clause else ""
    several = len({problem.field for problem in found}) > 1
    return [
        Problem(
            advise("{}{}{}", rule.message or p.message, _where(p, label, several) if rule.message else "", clause),
            p.field,
        )
        for p in found
    ]


def _where(problem: Problem, label: Labels, several: bool) -> str:
    """Return which row, or which of several fields, a rule's own words are about."""
    if row := re.fullmatch(r"(\w+)\[(\d+)\]\.\w+", problem.field or ""):
        return f"：「{label(row[1])}」第{row[2]}行"
    return f"：「{label(problem.field)}」" if several and problem.field else ""


def _required_when(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        if is_empty(values.get(key)):
            yield Problem(f"{condition_words(rule.when, label)}「{label(key)}」必须填写", key)


def _forbidden_when(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        if not is_empty(values.get(key)):
            yield Problem(f"{condition_words(rule.when, label)}「{label(key)}」不应填写", key)


def _one_of(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    if all(is_empty(values.get(key)) for key in rule.fields):
        yield Problem(f"{'、'.join(f'「{label(key)}」' for key in rule.fields)}至少填写一项", rule.fields[0])


def _value_when(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        value = values.get(key)
        if not is_empty(value) and value not in rule.among:
            allowed = "、".join(map(str, rule.among))
            yield Problem(f"{condition_words(rule.when, label)}「{label(key)}」只能是：{allowed}", key)


def _dates_in_order(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    present = [(key, str(values[key])) for key in rule.fields if not is_empty(values.get(key))]
    for (early_key, early), (late_key, late) in pairwise(present):
        shorter = min(len(early), len(late))  # a day and a moment compare by the day
        if early[:shorter] > late[:shorter]:
            yield Problem(f"「{label(late_key)}」（{late}）早于「{label(early_key)}」（{early}）", late_key)


def _reason_when_late(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """The first field gives the reason when the deadline passes between one of the others and the next."""
    reason, *days = rule.fields
    for start, end in pairwise(days):
        if is_empty(values.get(reason)) and not is_empty(values.get(start)) and not is_empty(values.get(end)):
            first, last = (date.fromisoformat(str(values[key])[:10]) for key in (start, end))
            if rule.deadline is not None and last > (limit := rule.deadline.limit_day(first, rule.calendar)):
                passed = f"从「{label(start)}」到「{label(end)}」共{(last - first).days}日，超过{rule.deadline.limit}日"
                passed += f"（最迟{limit}）"
                yield Problem(f"{passed}，请填「{label(reason)}」", reason)


def _none_after(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """A day is that of the last: no row of a list has a later one in a column."""
    own, rows = rule.fields
    last = str(values.get(own) or "")
    for number, day in _column(values, rows, rule.column):
        if last and str(day) > last:
            named = label(f"{rows}.{rule.column}")
            told = f"「{label(rows)}」第{number}行的「{named}」（{day}）晚于「{label(own)}」（{last}）"
            yield Problem(told, f"{rows}[{number}].{rule.column}")


def _at_least_rows(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        rows = values.get(key)
        if rows is not None and rule.limit is not None and len(rows) < rule.limit:
            yield Problem(f"「{label(key)}」至少要有{rule.limit}行，现有{len(rows)}行", key)


def _unique_in_rows(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """No two rows, of one field or of several, have the same in a column."""
    seen: dict[Any, tuple[str, int]] = {}
    for key in rule.fields:
        for number, value in _column(values, key, rule.column):
            before, row = seen.setdefault(alike(value), (key, number))
            if (before, row) != (key, number):
                where = f"第{row}行" if before == key else f"「{label(before)}」第{row}行"
                name = label(f"{key}.{rule.column}")
                yield Problem(
                    f"「{label(key)}」第{number}行与{where}的「{name}」相同：{value}", f"{key}[{number}].{rule.column}"
                )


def _same_in_all_rows(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        first: Any = None
        for number, value in _column(values, key, rule.column):
            first = value if first is None else first
            if alike(value) != alike(first):
                name = label(f"{key}.{rule.column}")
                yield Problem(
                    f"「{label(key)}」第{number}行的「{name}」是{value}，与第1行的{first}不同",
                    f"{key}[{number}].{rule.column}",
                )


def _rows_among(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        for number, value in _column(values, key, rule.column):
            if value not in rule.among:
                name = label(f"{key}.{rule.column}")
                yield Problem(
                    f"「{label(key)}」第{number}行的「{name}」只能是：{'、'.join(map(str, rule.among))}",
                    f"{key}[{number}].{rule.column}",
                )


def _at_least(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        value = values.get(key)
        if not is_empty(value) and rule.limit is not None and Decimal(str(value)) < rule.limit:
            yield Problem(f"「{label(key)}」是{value}，至少要{rule.limit}", key)


def _single(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """A field, or a column of rows, names one thing: none of the marks that join several stands in it."""
    for key in rule.fields:
        cells = _column(values, key, rule.column) if rule.column else [(0, values.get(key))]
        for number, value in cells:
            if any(mark in str(value or "") for mark in rule.among):
                row = f"第{number}行" if number else ""
                yield Problem(f"「{label(key)}」{row}写了不止一台：{value}", key)


def _below(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    for key in rule.fields:
        value = values.get(key)
        if not is_empty(value) and rule.limit is not None and Decimal(str(value)) >= rule.limit:
            yield Problem(f"「{label(key)}」是{value}，必须小于{rule.limit}", key)


def _filled_in_rows(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """Every row has something in a column; one that is only looked for, not required, when the level is a reminder."""
    for key in rule.fields:
        for number, row in enumerate(values.get(key) or [], start=1):
            if is_empty(row.get(rule.column)):
                name = label(f"{key}.{rule.column}")
                yield Problem(f"「{label(key)}」第{number}行没有填「{name}」", f"{key}[{number}].{rule.column}")


def _reason_when_differs(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """Where two columns of a row differ, a third gives the reason; without a column: two fields, and the first."""
    if not rule.column:
        why, one, other = rule.fields
        both = values.get(one), values.get(other)
        if not any(map(is_empty, both)) and alike(both[0]) != alike(both[1]) and is_empty(values.get(why)):
            yield Problem(f"「{label(one)}」与「{label(other)}」不同，请填「{label(why)}」", why)
        return
    for key in rule.fields:
        for number, row in enumerate(values.get(key) or [], start=1):
            first, second = (row.get(column) for column in rule.among)
            if not is_empty(first) and alike(first) != alike(second) and is_empty(row.get(rule.column)):
                names = "、".join(f"「{label(f'{key}.{column}')}」" for column in rule.among)
                reason = label(f"{key}.{rule.column}")
                told = f"「{label(key)}」第{number}行的{names}不同（{first}、{second}），请填「{reason}」"
                yield Problem(told, f"{key}[{number}].{rule.column}")


def _differ(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """No two of the fields say the same."""
    said: dict[Any, str] = {}
    for key in rule.fields:
        value = values.get(key)
        if is_empty(value):
            continue
        if (one := alike(value)) in said:
            yield Problem(f"「{label(key)}」与「{label(said[one])}」不能相同：{value}", key)
        said.setdefault(one, key)


def _years_between(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """Whole years from a month (1990-05) to a day lie between the two numbers of `among`, both included."""
    born, on = rule.fields
    least, most = rule.among
    if is_empty(values.get(born)) or is_empty(values.get(on)):
        return
    found = re.fullmatch(r"(\d{4})\D+(\d{1,2})\D?.*", str(values[born]).strip())
    if not found or not 1 <= int(found[2]) <= 12:
        yield Problem(f"「{label(born)}」请写成 1990-05 的样子：{values[born]}", born)
        return
    day = date.fromisoformat(str(values[on])[:10])
    years = day.year - int(found[1]) - (day.month < int(found[2]))
    if not least <= years <= most:
        yield Problem(f"按「{label(born)}」到「{label(on)}」是{years}岁，应在{least}至{most}岁", born)


def _rows_kept(rule: RuleLike, values: Values, label: Labels) -> Iterator[Problem]:
    """Asked by `lost_rows` with what stood there before; alone it finds nothing."""
    del rule, values, label
    yield from ()


def lost_rows(rule: RuleLike, before: Values, after: Values, label: Labels) -> Iterator[Problem]:
    """Give the rows that stood in what was filed and are gone: such a row is cancelled, its number never used again."""
    for key in rule.fields:
        kept = {alike(value) for _, value in _column(after, key, rule.column)}
        for _, value in _column(before, key, rule.column):
            if alike(value) not in kept:
                clause = f"（{rule.clause}）" if rule.clause else ""
                yield Problem(f"「{label(key)}」的 {value} 已经批准，不能删去，请写明取消原因{clause}", key)


def _column(values: Values, key: str, column: str) -> Iterator[tuple[int, Any]]:
    for number, row in enumerate(values.get(key) or [], start=1):
        if not is_empty(row.get(column)):
            yield number, row[column]


Check = Callable[[RuleLike, Values, Labels], Iterator[Problem]]

CHECKS: dict[str, Check] = {
    "required_when": _required_when,
    "forbidden_when": _forbidden_when,
    "one_of": _one_of,
    "value_when": _value_when,
    "dates_in_order": _dates_in_order,
    "reason_when_late": _reason_when_late,
    "none_after": _none_after,
    "at_least_rows": _at_least_rows,
    "unique_in_rows": _unique_in_rows,
    "same_in_all_rows": _same_in_all_rows,
    "rows_among": _rows_among,
    "at_least": _at_least,
    "below": _below,
    "single": _single,
    "filled_in_rows": _filled_in_rows,
    "reason_when_differs": _reason_when_differs,
    "differ": _differ,
    "years_between": _years_between,
    "rows_kept": _rows_kept,
}

# Asked only when the stage of their fields is to be complete; the others whenever values change.
COMPLETENESS_CHECKS = frozenset({"required_when", "one_of", "reason_when_late"})
