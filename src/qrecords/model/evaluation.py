"""The office's evaluation of its service: facts from tables, points by the office's own weights (domain R).

It proposes no penalty or reward and names no person. An indicator without cases is left out of the points to be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from qrecords.model.field import Definition
from qrecords.model.figures.arithmetic import NONE, Rounding, rounded
from qrecords.model.figures.results import ColumnHead, Figure, Number, TableResult, TableRow
from qrecords.model.period import Period

Aspect = Literal["流程标准化", "工作表格化", "检查规律化", "指标考核化", "表扬常态化"]
HIGHER, LOWER, YES, SHOWN = "higher", "lower", "yes", "shown"


# Figures that stand in no table, for records do not tell them: check lists drawn, last year's volumes.
CHECKED, BOUND = "office.complaint_checks", "office.bound_in_time"


class Indicator(Definition):
    """One indicator: a figure of a table (TABLE.part.row.column) or of the office, its target, weight, and better way.

    `yes`: all or nothing, at the target; `shown`: told, no points.
    """

    key: str = Key(pattern=r"^[a-z0-9_]+$")
    label: str
    aspect: Aspect
    figure: str
    target: Decimal
    weight: Decimal = Key(ge=0)
    unit: str = "%"
    way: Literal["higher", "lower", "yes", "shown"] = "higher"


class Level(Definition):
    """From how many points on a level is reached."""

    points: Decimal
    label: str


class Evaluation(Definition):
    """The office's indicators and levels, and whether it is evaluated at all."""

    on: bool = False
    indicators: tuple[Indicator, ...] = ()
    levels: tuple[Level, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        keys = [i.key for i in self.indicators]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"指标 {'、'.join(doubled)} 写了两次")
        if wrong := [i.key for i in self.indicators if i.way == HIGHER and i.target <= 0]:
            raise ValueError(f"指标 {'、'.join(wrong)} 的目标值要大于 0")
        return self


@dataclass(frozen=True, slots=True)
class Scored:
    """An indicator with what it came to: its value (None: no cases), the points exactly, and of how many cases."""

    indicator: Indicator
    value: Number | None
    points: Fraction | None
    cases: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """All indicators, points obtained of those to be had, the score of 100 and its level; None without any case."""

    scored: tuple[Scored, ...]
    obtained: Fraction
    involved: Fraction
    score: Fraction | None
    level: str


def checked_quarters(period: Period, lists: Iterable[tuple[str, str]]) -> Number:
    """Return of how many quarters of a half-year or year, in per cent, a check list of complaints was drawn (5.6)."""
    months, drawn = period.months(), [*lists]
    quarters = [(months[n].first, months[n + 2].last) for n in range(0, len(months) - 2, 3)]
    done = sum(any(since <= first and last <= until for since, until in drawn) for first, last in quarters)
    return Fraction(100 * done, len(quarters))


def bound_in_time(compiled: Sequence[str], limit: str, today: str, *, waiting: bool) -> Number | None:
    """Return 100 when a year's volumes were compiled by the limit, 0 when not; None of nothing to bind, or not due."""
    if compiled:
        return 100 if max(compiled) <= limit else 0
    return 0 if waiting and today > limit else None


def points(indicator: Indicator, value: Number | None) -> Fraction | None:
    """Return the points a value gets; None of what has no cases, or none to give."""
    if value is None or indicator.way == SHOWN:
        return None
    weight, target, found = Fraction(indicator.weight), Fraction(indicator.target), Fraction(value)
    match indicator.way:
        case "yes":
            return weight if found >= target else Fraction(0)
        case "lower":
            return weight if found <= 0 else weight * min(Fraction(1), target / found)
        case _:
            return weight * min(Fraction(1), max(Fraction(0), found / target))


def cases_of(figure: Figure) -> int:
    """Return how many cases a figure rests on: what its rate is of, else the records it counts."""
    whole = figure.denominator
    return int(whole) if whole is not None and whole == int(whole) else len(figure.of or figure.records)


def evaluate(
    evaluation: Evaluation, value_of: Callable[[str], Number | None], cases: Mapping[str, int] = MappingProxyType({})
) -> Result:
    """Return the evaluation by the figures, asked for by their identity, and by how many cases each rests on."""
    scored = tuple(Scored(i, v := value_of(i.figure), points(i, v), cases.get(i.figure)) for i in evaluation.indicators)
    counted = [s for s in scored if s.points is not None]
    obtained = sum((s.points for s in counted if s.points is not None), Fraction(0))
    involved = sum((Fraction(s.indicator.weight) for s in counted), Fraction(0))
    score = obtained / involved * 100 if involved else None
    return Result(scored, obtained, involved, score, _level(evaluation.levels, score))


def evaluation_table(result: Result, rounding: Rounding = Rounding.HALF_UP) -> TableResult:
    """Return table R01: each indicator with target, value and points; what has no cases is in no sum."""

    def shown(value: Number | None) -> str:
        return NONE if value is None else f"{rounded(Fraction(value), 1, rounding):f}"

    rows = [
        TableRow(
            s.indicator.key,
            s.indicator.label,
            (s.indicator.aspect, f"{s.indicator.target}{s.indicator.unit}", shown(s.value),
             NONE if s.cases is None else str(s.cases), str(s.indicator.weight),
             NONE if s.points is None else f"{rounded(s.points, 2, rounding):f}"),
        )
        for s in result.scored
    ]  # fmt: skip
    total = (
        result.level,
        "",
        shown(result.score),
        "",
        shown(result.involved),
        f"{rounded(result.obtained, 2, rounding):f}",
    )
    rows.append(TableRow("total", "评价得分", total, total=True))
    heads = tuple(
        ColumnHead(key, label)
        for key, label in (
            ("aspect", "方面"), ("target", "目标"), ("value", "实际"), ("cases", "基数"), ("weight", "权重"),
            ("points", "得分"),
        )
    )  # fmt: skip
    notes = (
        "得分＝各项得分之和÷有发生的各项权重之和×100；没有发生的不计",
        "基数：该项按多少件、次、台算出",
        "只列事实和得分，不提奖惩，不写个人",
    )
    return TableResult("R01", "score", "售后服务工作评价", "", "指标", heads, tuple(rows), notes)


def unit_table(results: Mapping[str, Result], rounding: Rounding = Rounding.HALF_UP) -> TableResult:
    """Return table R02: each indicator's value and points by unit, the score and level of each below."""

    def cell(scored: Scored) -> str:
        if scored.value is None:
            return NONE
        value = f"{rounded(Fraction(scored.value), 1, rounding):f}"
        return value if scored.points is None else f"{value}（{rounded(scored.points, 2, rounding):f}）"

    units = [*results.values()]
    rows = [
        TableRow(line[0].indicator.key, line[0].indicator.label, tuple(map(cell, line)))
        for line in zip(*(result.scored for result in units), strict=True)
    ]
    scores = [NONE if r.score is None else f"{rounded(r.score, 1, rounding):f} {r.level}" for r in units]
    rows.append(TableRow("total", "评价得分", tuple(scores), total=True))
    heads = tuple(ColumnHead(f"unit_{n}", name) for n, name in enumerate(results, start=1))
    notes = (
        "各承办单位只按自己的通知单和报告；括号里是得分，没有发生的不计",
        "用户信息、计划、改进项算客户服务中心的；检查表、成册是全中心的，不分单位",
    )
    return TableResult("R02", "units", "各承办单位评价", "", "指标", heads, tuple(rows), notes)


def _level(levels: Sequence[Level], score: Fraction | None) -> str:
    if score is None:
        return ""
    reached = [one for one in levels if score >= Fraction(one.points)]
    return max(reached, key=lambda one: one.points).label if reached else "不合格"
