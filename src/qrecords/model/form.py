"""A controlled form: its definition (form.toml) and the check of what a clerk wrote (QS/PA758A clause 7)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field as Default
from pydantic import model_validator

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import Problem
from qrecords.model import relations, rules
from qrecords.model.apart import PERFORMING_UNIT, Place
from qrecords.model.deadlines import WEEKENDS, Calendar, Deadline
from qrecords.model.field import (
    BOXES,
    Condition,
    Definition,
    Field,
    FieldType,
    add_year,
    heading_key,
    incomplete_rows,
    parse_field,
)
from qrecords.model.numbering import FLOOR_YEARS, edition_of, form_number
from qrecords.model.rules import is_empty
from qrecords.model.values import Values

# Whether what a rule finds stops the step, or is only told (提醒).
Level = Literal["refuse", "warn"]


class Rule(Definition):
    """A named check with its parameters and the clause it follows."""

    check: str
    fields: tuple[str, ...]
    column: str = ""
    among: tuple[Any, ...] = ()
    limit: Decimal | None = None
    # reason_when_late: named in form.toml, put in with the calendar by whoever reads the forms.
    deadline: Deadline | None = None
    calendar: Calendar = WEEKENDS
    # The list of people.toml `among` was taken from by whoever reads the forms.
    people: str = ""
    when: Condition | None = None
    level: Level = "refuse"
    message: str = ""
    clause: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.check not in rules.CHECKS:
            raise ValueError(f"没有名为 {self.check} 的规则，可用：{'、'.join(sorted(rules.CHECKS))}")
        return self


class Relation(Definition):
    """A named check between records of one notice or one customer, with its parameters and the clause it follows."""

    check: str
    scope: Literal["notice", "customer", "form"]
    field: str
    among: Mapping[str, str] = MappingProxyType({})
    same: tuple[str, ...] = ()
    marks: Mapping[str, str] = Default(default_factory=dict)
    unless: tuple[str, ...] = ()
    limit: Decimal | None = None
    when: Condition | None = None
    level: Level = "refuse"
    message: str
    clause: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.check not in relations.RELATIONS:
            raise ValueError(f"没有名为 {self.check} 的关系，可用：{'、'.join(sorted(relations.RELATIONS))}")
        return self


class Stage(Definition):
    """One hand the form passes through; `by` says whose."""

    key: str
    label: str
    by: str = ""


class Signature(Definition):
    """A signature or seal: `kind` as `sign --kind` names it; `elsewhere` when it stands on another paper.

    `after`: the kind that signs before it, on the same day at the latest.
    """

    kind: str
    label: str
    after: str = ""
    elsewhere: bool = False


class SignatureNeed(Definition):
    """Any one of these signatures must be recorded before a step."""

    any_of: tuple[str, ...]
    when: Condition | None = None
    message: str = ""
    clause: str = ""


class Step(Definition):
    """What must be complete before one step of the record's way."""

    stages: tuple[str, ...] = ()
    signatures: tuple[SignatureNeed, ...] = ()
    clause: str = ""


class Retention(Definition):
    """How long a record is kept (QS/PA758A clause 7) and which date makes its year (domain A.4-13)."""

    years: int = FLOOR_YEARS
    year_of: Literal["date_field", "review"] = "date_field"
    least: int = FLOOR_YEARS  # what the series asks for

    @model_validator(mode="after")
    def _floor(self) -> Self:
        if self.years < max(self.least, FLOOR_YEARS):
            raise ValueError(f"保存期限不得短于{max(self.least, FLOOR_YEARS)}年（QS/PA758A 第7章，series.toml）")
        return self


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the stored values and every problem, never one without looking at the rest.

    `notes` tell what was read otherwise than it was written; `added` are the fields that have their default.
    """

    values: dict[str, Any]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    added: frozenset[str] = frozenset()

    @property
    def written(self) -> dict[str, Any]:
        """Return the values without defaults: what `check` gives of the same record `as_it_was`."""
        return {key: value for key, value in self.values.items() if key not in self.added}


class Excerpt(Definition):
    """A paper that says a part of a record, signed apart from it: which fields, whose hands, and when there is one."""

    key: str
    title: str
    fields: tuple[str, ...]
    hands: tuple[str, ...] = ()
    when: Condition | None = None
    clause: str = ""


class Form(Definition):
    """One edition of one controlled form."""

    code: str
    title: str
    edition: str = "A"
    layout: Literal["portrait", "landscape", "register"]
    date_field: str
    title_fields: tuple[str, ...]
    valid_from: date = date(2010, 11, 10)  # days, both included, whose records this edition takes
    valid_to: date | None = None
    sample_pages: int = 0  # sheets the complete sample takes; 0 = not said
    stages: tuple[Stage, ...]
    fields: tuple[Field, ...]
    signatures: tuple[Signature, ...] = ()
    steps: dict[str, Step]
    rules: tuple[Rule, ...] = ()
    relations: tuple[Relation, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    retention: Retention = Retention()
    until_filed: str = ""  # what a record is beside its state until it is filed with its signatures: 未生效

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*_definition_problems(self)]
        if self.valid_to and self.valid_to < self.valid_from:
            problems.append(f"停用日期 valid_to {self.valid_to} 早于启用日期 valid_from {self.valid_from}")
        if problems:
            raise ValueError(";".join(problems))
        return self

    @property
    def number(self) -> str:
        """Return what the form is called in its series, whatever the edition: 06 of QR758-06A."""
        return form_number(self.code)

    @property
    def short(self) -> str:
        """Return the code within its series: 06A of QR758-06A."""
        return self.code.rpartition("-")[2]

    @cached_property
    def is_register(self) -> bool:
        """Tell whether a record is a row of a sheet that holds many."""
        return self.layout == "register"

    def is_valid_on(self, day: str) -> bool:
        """Tell whether this edition takes records of a day (YYYY-MM-DD)."""
        return self.valid_from.isoformat() <= day and (self.valid_to is None or day <= self.valid_to.isoformat())

    @cached_property
    def by_key(self) -> dict[str, Field]:
        """Return the fields by key."""
        return {f.key: f for f in self.fields}

    @cached_property
    def _by_heading(self) -> dict[str, str]:
        return {heading_key(name): f.key for f in self.fields for name in (f.label, f.key)}

    @cached_property
    def _with_default(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.default is not None)

    @cached_property
    def with_decimals(self) -> tuple[Field, ...]:
        """Return the fields that hold decimal numbers, themselves or in a column."""
        return tuple(f for f in self.fields if FieldType.DEC in {f.type, *(c.type for c in f.columns)})

    @cached_property
    def _computing(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.compute is not None)

    @cached_property
    def _with_computed_rows(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.computed_columns)

    @cached_property
    def written(self) -> tuple[Field, ...]:
        """Return the fields that are written in: all but the boxes for signatures and seals."""
        return tuple(f for f in self.fields if f.type not in BOXES)

    @cached_property
    def _refusing(self) -> tuple[Rule, ...]:
        """Return the rules that refuse whenever values change."""
        return tuple(r for r in self.rules if r.level == "refuse" and r.check not in rules.COMPLETENESS_CHECKS)

    @cached_property
    def _needs(self) -> dict[frozenset[str], tuple[list[Field], list[Rule]]]:
        return {}

    @cached_property
    def _by_stage(self) -> dict[str, tuple[Field, ...]]:
        return {stage.key: tuple(f for f in self.fields if f.stage == stage.key) for stage in self.stages}

    @cached_property
    def apart(self) -> tuple[Place, ...]:
        """Return the fields and columns kept apart."""
        own = [Place(f.apart, f.key) for f in self.fields if f.apart]
        return (*own, *(Place(c.apart, f.key, c.key) for f in self.fields for c in f.columns if c.apart))

    @property
    def asked_fields(self) -> tuple[Field, ...]:
        """Return the fields a clerk is asked for: what the records themselves say is not among them."""
        return tuple(f for f in self.input_fields if not f.listed_by)

    @property
    def input_fields(self) -> tuple[Field, ...]:
        """Return the fields a clerk fills: no boxes, nothing computed."""
        return tuple(f for f in self.fields if f.type not in BOXES and f.type is not FieldType.COMPUTED)

    def label(self, path: str) -> str:
        """Return the label of `key` or `key.column`."""
        key, _, column = path.partition(".")
        field = self.by_key.get(key)
        if field and column:
            field = field.column(column)
        return field.label if field else path

    def key_of(self, heading: str) -> str | None:
        """Return the key of the field a heading means; width, blanks and marks are forgiven."""
        return self._by_heading.get(heading_key(heading))

    def stage_fields(self, stage: str) -> tuple[Field, ...]:
        """Return the fields one stage fills."""
        return self._by_stage.get(stage, ())

    @cached_property
    def own_signatures(self) -> tuple[Signature, ...]:
        """Return the signatures the form's own paper carries: those its scan may show."""
        return tuple(s for s in self.signatures if not s.elsewhere)

    def signature_kind(self, named: str) -> str:
        """Return the kind of signature a word means, its own or the form's label for it; an unknown word as it is."""
        wanted = heading_key(named)
        return next((s.kind for s in self.signatures if wanted in {heading_key(s.kind), heading_key(s.label)}), named)

    def signature_label(self, kind: str) -> str:
        """Return how the form calls a kind of signature."""
        return next((s.label for s in self.signatures if s.kind == kind), kind)

    def check(self, raw: Mapping[str, Any], before: Values | None = None, *, as_it_was: bool = False) -> Checked:
        """Read what was written over what was there before; every problem is found, none hides another.

        `as_it_was` is for past paper: nothing is added that does not stand on it, and no rule can change it any more.
        """
        merged: dict[str, Any] = dict(before or {})
        found: list[Problem] = []
        notes: list[str] = []
        named = [(heading, self.key_of(str(heading)), value) for heading, value in raw.items()]
        days = cache(lambda: _days([(self.by_key[key], value) for _, key, value in named if key]))
        for heading, key, value in named:
            if key is None:
                found.append(Problem(self._unknown(str(heading)), str(heading)))
                continue
            field = self.by_key[key]
            if field.type is FieldType.COMPUTED:
                continue  # a record read back in carries them; they are computed anew below
            parsed = parse_field(field, add_year(field, value, days, notes), found)
            if is_empty(parsed):
                merged.pop(key, None)
            else:
                merged[key] = parsed
        added: dict[str, Any] = {}
        if before is None and not as_it_was:
            added = {f.key: f.default for f in self._with_default if f.key not in merged}
            merged |= added
        self._compute(merged)
        if not as_it_was:
            wrong = {root(p.field) for p in found}
            for rule in self._refusing:
                if not (wrong and _touches(rule, wrong)) and not _stands(rule, before, merged):
                    found += rules.violations(rule, merged, self.label)
        ordered = {f.key: merged[f.key] for f in self.fields if f.key in merged}
        return Checked(ordered, tuple(found), tuple(notes), frozenset(added))

    def incomplete(self, present: Values, stages: Iterable[str], wrong: Iterable[str | None] = ()) -> list[Problem]:
        """Return what is still missing for these stages to be complete.

        `wrong` are the places a problem was told of already, as Problem names them: what depends on them is not asked.
        """
        places = set(wrong)
        fields = {root(place) for place in places}
        needed, asking = self._needed(frozenset(stages))
        found = []
        for field in needed:
            if field.required and is_empty(present.get(field.key)) and field.key not in fields:
                found.append(Problem(f"必填栏目「{field.label}」没有填写", field.key))
            if field.columns:
                found += [p for p in incomplete_rows(field, present) if p.field not in places]
        for rule in asking:
            if not (fields and _touches(rule, fields)):
                found += rules.violations(rule, present, self.label)
        return found

    def _needed(self, stages: frozenset[str]) -> tuple[list[Field], list[Rule]]:
        """Return the fields and the completeness rules of some stages, as the form orders them."""
        if stages not in self._needs:
            fields = [f for f in self.written if f.stage in stages and (f.required or f.columns)]
            asking = [
                rule
                for rule in self.rules
                if rule.level == "refuse"
                and rule.check in rules.COMPLETENESS_CHECKS
                and self.by_key[rule.fields[0]].stage in stages
            ]
            self._needs[stages] = fields, asking
        return self._needs[stages]

    def lost(self, before: Values, after: Values) -> list[Problem]:
        """Return the rows a correction would take out that must stay."""
        kept = [rule for rule in self.rules if rule.check == "rows_kept"]
        return [problem for rule in kept for problem in rules.lost_rows(rule, before, after, self.label)]

    def warnings(self, present: Values) -> list[Problem]:
        """Return what the rules only remind of; a completeness rule waits until its stage has begun."""
        warning = [rule for rule in self.rules if rule.level == "warn"]
        begun = self.begun(present) if warning else ()
        return [
            problem
            for rule in warning
            if (rule.check not in rules.COMPLETENESS_CHECKS or self.by_key[rule.fields[0]].stage in begun)
            for problem in rules.violations(rule, present, self.label)
        ]

    def begun(self, present: Values) -> tuple[str, ...]:
        """Return the first stage and every later one that has something in it beside defaults."""
        return tuple(
            s.key
            for n, s in enumerate(self.stages)
            if n == 0 or any(_was_written(f, present) for f in self.stage_fields(s.key))
        )

    def title_of(self, present: Values) -> str:
        """Return the record's title （题名） out of the fields the form names for it."""
        parts = (present.get(key) for key in self.title_fields)
        words = ("、".join(map(str, p)) if isinstance(p, list) else str(p) for p in parts if not is_empty(p))
        return " ".join(" ".join(words).split())[:80]

    def _compute(self, present: dict[str, Any]) -> None:
        """Write what is computed into a record's values, first its rows' columns: the fields may sum them."""
        for field in self._with_computed_rows:
            if rows := present.get(field.key):
                present[field.key] = [_with_computed(field, row) for row in rows]
        for field in self._computing:
            present.pop(field.key, None)
            made = field.compute
            if made is None or not (rows := present.get(made.field)):
                continue
            if field.apart and not any(made.column in row for row in rows):
                continue  # nothing is kept apart here: a nought would say that something is
            present[field.key] = made.of(rows)

    def _unknown(self, heading: str) -> Sentence:
        near = difflib.get_close_matches(heading_key(heading), self._by_heading, n=1, cutoff=0.5)
        field = self.by_key[self._by_heading[near[0]]] if near else None
        if field is None:
            return advise("{} 没有「{}」这个栏目，用 {} 看有哪些栏目", self.code, heading, Do.SHOW_FORMS(self.code))
        return f"{self.code} 没有「{heading}」这个栏目，是不是「{field.label}」（{field.key}）？"


def root(place: str | None) -> str:
    """Return the field a problem's place lies in: parts of parts[2].quantity."""
    return (place or "").partition("[")[0].partition(".")[0]


def _touches(rule: Rule, wrong: Collection[str]) -> bool:
    """Tell whether a rule looks at a field that could not be read: it would tell of what is not so."""
    return any(key in wrong for key in (*rule.fields, *([rule.when.field] if rule.when else [])))


def _days(written: Iterable[tuple[Field, Any]]) -> list[date]:
    """Return the days a record writes in full: they tell the year of the others."""
    days = []
    for field, value in written:
        if field.is_day:
            with suppress(ValueError):
                days.append(date.fromisoformat(field.parse(value)[:10]))
    return days


def _stands(rule: Rule, before: Values | None, after: Values) -> bool:
    """Tell whether a value that had to be on a list of people was there before: lists change, what was right stands."""
    if not rule.people or before is None:
        return False
    keys = (*rule.fields, *([rule.when.field] if rule.when else []))
    return all(before.get(key) == after.get(key) for key in keys)


def _with_computed(field: Field, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its computed columns, in the order of the form."""
    made = {c.key: value for c in field.computed_columns if c.compute and (value := c.compute.of_row(row)) is not None}
    found = {**{k: v for k, v in row.items() if k not in {c.key for c in field.computed_columns}}, **made}
    return {c.key: found[c.key] for c in field.columns if c.key in found}


def _was_written(field: Field, present: Values) -> bool:
    """Tell whether someone wrote this value; a default or a computed one says nothing."""
    value = present.get(field.key)
    return not is_empty(value) and value != field.default and field.compute is None


def _definition_problems(form: Form) -> Iterator[str]:
    """Find what a form.toml says about fields, stages and signatures that it does not have."""
    if edition_of(form.code) != form.edition:
        yield f"表式编号 {form.code} 与版本 {form.edition or '（无）'} 不符，版本字母写在编号末尾（第7章）"
    stages, fields = {s.key for s in form.stages}, {f.key: f for f in form.fields}
    kinds = {s.kind for s in form.signatures}
    if len(fields) != len(form.fields):
        yield "栏目 key 有重复"
    for field in form.fields:
        if field.stage not in stages:
            yield f"栏目 {field.key} 的阶段 {field.stage!r} 没有定义"
        if (made := field.compute) and not made.field:
            yield f"栏目 {field.key} 的 product 只用于明细表的列"
        elif made and made.field not in fields:
            yield f"栏目 {field.key} 由不存在的 {made.field} 计算"
        elif made and any(c and fields[made.field].column(c) is None for c in (made.column, made.by)):
            yield f"栏目 {field.key} 由 {made.field} 里没有的列计算"
        if field.of_unit and not field.columns and field.of_unit != PERFORMING_UNIT:
            yield f"栏目 {field.key} 的 of_unit 只能写 {PERFORMING_UNIT}（明细表写列）"
    dated = fields.get(form.date_field)
    if not dated or dated.type not in {FieldType.DATE, FieldType.DATETIME} or not dated.required:
        yield f"date_field {form.date_field} 必须是必填的日期栏目"
    elif dated.stage != form.stages[0].key:
        yield f"date_field {form.date_field} 必须在第一阶段填写"
    named = [*form.title_fields, *(k for r in form.rules for k in r.fields)]
    named += [k for r in form.relations for k in (*r.same, *r.field.partition(".")[0].split("-"))]
    named += [k for e in form.excerpts for k in e.fields]
    conditions = [r.when for r in form.rules] + [r.when for r in form.relations] + [e.when for e in form.excerpts]
    conditions += [n.when for s in form.steps.values() for n in s.signatures]
    named += [f"{c.field}.{c.column}" if c.column else c.field for c in conditions if c]
    yield from _of_apart(form, named)
    known = fields.keys() | {f"{f.key}.{c.key}" for f in form.fields for c in f.columns}
    for key in named:
        if key not in known:
            yield f"提到了不存在的栏目 {key}"
    yield from _of_steps(form, stages, kinds)


def _of_steps(form: Form, stages: Collection[str], kinds: Collection[str]) -> Iterator[str]:
    """Find stages and signatures that are named and not defined."""
    for name, step in form.steps.items():
        if missing := {*step.stages} - {*stages}:
            yield f"步骤 {name} 提到了不存在的阶段 {'、'.join(missing)}"
        if unknown := {k for n in step.signatures for k in n.any_of} - {*kinds}:
            yield f"步骤 {name} 提到了没有定义的签署 {'、'.join(unknown)}"
    if unknown := {s.after for s in form.signatures if s.after} - {*kinds}:
        yield f"签署的先后（after）提到了没有定义的签署 {'、'.join(sorted(unknown))}"


def _of_apart(form: Form, named: Iterable[str]) -> Iterator[str]:
    """Refuse what would tell of a field kept apart: a title, a rule, a sum."""
    named = {*named, form.date_field}
    for place in form.apart:
        if place.path in named:
            yield f"栏目 {place.path} 是限阅的（apart），题名、日期、规则里不能用"
        told = {c for r in form.rules if place.key in r.fields for c in (r.column, *map(str, r.among)) if c}
        if place.column in told:
            yield f"栏目 {place.path} 是限阅的（apart），规则里不能用"
        open_to_all = [f for f in form.fields if f.apart != place.kind]
        used = {(c.field, column) for f in open_to_all if (c := f.compute) for column in (c.column, c.by)}
        for field in form.fields:
            made = [c.compute for c in field.computed_columns if c.compute and c.apart != place.kind]
            used |= {(field.key, column) for compute in made for column in compute.factors}
        if (place.key, place.column) in used:
            yield f'栏目 {place.path} 是限阅的（apart），由它算出的栏目也要写 apart = "{place.kind}"'
