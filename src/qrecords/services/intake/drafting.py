"""What is typed at the desk before it is a record: kept as typed, looked at while typing, made a record at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from qrecords.advice import Input, Sentence, advise, asks_for
from qrecords.errors import InvalidInput, NotFound, Problem, WrongState
from qrecords.model import values as parsing
from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form, root
from qrecords.model.record import STATE_LABELS, Action, Record, require_open, unchangeable
from qrecords.model.rules import is_empty
from qrecords.model.worksheet import NUMBER_COLUMN
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.checking import beyond_rules, reminders
from qrecords.services.intake import meanwhile
from qrecords.services.intake.asking import offers
from qrecords.services.intake.fill import fill, source_key
from qrecords.services.intake.lists import Completion
from qrecords.services.intake.update import update
from qrecords.stores.given import GivenFile, on_disk
from qrecords.stores.inputs import file_sha256, read_records
from qrecords.stores.register.deskdrafts import DeskDraft

_SHORT = re.compile(r"^(\d{1,2})[./-](\d{1,2})(?=$|\s)", re.ASCII)
_FOUR_DIGITS = re.compile(r"^(\d\d)(\d\d)$", re.ASCII)
_MONTH_DAY = re.compile(r"^\d{1,2}月\d{1,2}[日号]", re.ASCII)
_MIDDLE = (7, 2)  # of a year: no day of it is further away than half a year
_ANOTHER = advise("写重了就不用再生成；确是另一件，请用 {}", Input.SAME_AGAIN)
_AHEAD = timedelta(days=92)  # a day without its year lies at most so far ahead: plans and agreed days


class TooAlike(InvalidInput):
    """A record says the same, or nearly: whoever typed it must say that it is another one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a draft would be as a record: its values as stored, what is wrong, what is still missing, what to tell.

    `taken` are the fields that lists, defaults and sums filled; `offered` what the customer's last record would fill.
    """

    values: Mapping[str, Any]
    wrong: Sequence[Problem]
    missing: Sequence[Problem]
    notes: Sequence[Sentence]
    taken: Mapping[str, Any]
    offered: Mapping[str, Any]

    @property
    def is_sound(self) -> bool:
        """Tell whether it can be made a record."""
        return not self.wrong and not self.missing


def begin(office: Office, form_code: str, begun: Mapping[str, Any] = MappingProxyType({})) -> DeskDraft:
    """Begin a draft of a form, with some values; nothing of the archive knows of it, and no number is taken."""
    form = office.forms.get(form_code).form
    office.authorise(Action.CREATE, form.code)
    return _add(office, form, "", {key: typed_value(v) for key, v in {**offers(office, form, {}), **begun}.items()})


def go_on(office: Office, record_no: str) -> DeskDraft:
    """Begin a draft that goes on with a record not yet filed; one begun before is taken up again."""
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    office.authorise(Action.UPDATE, record.record_no, record)
    require_open(form, record, Action.UPDATE)
    for draft in drafts(office):
        if draft.record_no == record.record_no:
            return draft
    return _add(office, form, record.record_no, as_typed(record))


def drafts(office: Office) -> list[DeskDraft]:
    """Return the account's own drafts of one record each, the one saved last first."""
    with office.register.read() as tx:
        return [d for d in tx.desk_drafts.of_account(office.account.name) if not d.month and not d.made]


def draft_of(office: Office, key: str) -> DeskDraft:
    """Return one of the account's own drafts; NotFound for what is not there and for another's alike.

    WrongState for one that has become a record meanwhile.
    """
    found = _draft(office, key)
    if found is None or found.month:
        raise NotFound("没有这份草稿，或它已经生成了记录", remedy="请在「今日」里查找")
    if number := found.made.get("number"):
        told = f"这份草稿已在另一个窗口里写成了 {number}，这里写的没有保存"
        raise WrongState(told, remedy="请打开那份记录，还有要写的就续填")
    return found


def made_of(office: Office, key: str, said: str | None = None) -> str:
    """Return the number a draft has become, "" before; with `said` only by the same request."""
    found = _draft(office, key)
    made = found.made if found else {}
    return made.get("number", "") if said is None or made.get("said") == said else ""


def _draft(office: Office, key: str) -> DeskDraft | None:
    with office.register.read() as tx:
        return tx.desk_drafts.get(key, office.account.name)


def save(office: Office, key: str, values: Mapping[str, Any], *, after: int) -> DeskDraft:
    """Keep what was typed; WrongState when it was saved elsewhere since, and nothing is overwritten."""
    draft = draft_of(office, key)
    if draft.values == dict(values):
        return draft  # the same request once more, or nothing typed
    now = office.now()
    with office.register.write() as tx:
        kept = tx.desk_drafts.save(key, values, after=after, at=now)
    if not kept:
        raise WrongState("另一个窗口刚改过这份草稿，这里的没有保存", remedy="请看清那边写了什么再改")
    return replace(draft, values=dict(values), revision=after + 1, saved_at=now)


def drop(office: Office, key: str) -> None:
    """Let go of a draft; a record it went on with stays as it is."""
    with office.register.write() as tx:
        tx.desk_drafts.drop(key, office.account.name)


def open_fields(office: Office, draft: DeskDraft) -> list[Field]:
    """Return the fields a draft may write: all of a new record, of one there what it still takes."""
    form = office.forms.get(draft.form_code).form
    if not draft.record_no:
        return [*form.input_fields]
    record = reading.one(office, draft.record_no)
    closed = {path.partition(".")[0] for path in record.withheld}  # another unit's, beside
    return [f for f in form.input_fields if f.key not in closed and not unchangeable(form, record, [f.key])]


def look(office: Office, draft: DeskDraft) -> Look:
    """Check a draft as it stands; every problem is found, none hides another, and nothing is written down."""
    form = office.forms.get(draft.form_code).form
    typed = with_years(form, draft.values, date.fromisoformat(office.today()))
    record = reading.one(office, draft.record_no) if draft.record_no else None
    if record is None:
        completed = Completion(office).check(form, typed)
        checked, notes = completed.checked, [*completed.notes]
        offered = {k: v for k, v in offers(office, form, checked.values).items() if k not in checked.values}
    else:
        checked, offered = form.check(typed, record.values), {}
        since = meanwhile.changed_since(draft, now := as_typed(record)) if draft.base else []
        notes = [f"别人刚改过：{told}"] if (told := _told_now(form, now, since) if since else "") else []
    wrong = [*checked.problems]
    bad = [p.field for p in wrong]
    missing = form.incomplete(checked.values, [form.stages[0].key], bad)
    if not wrong and form.date_field in checked.values:
        wrong += beyond_rules(office, form, checked.values, own=draft.record_no)
        notes += [advise("提醒：{}", p.message) for p in reminders(office, form, checked.values, own=draft.record_no)]
    taken = {k: v for k, v in checked.values.items() if is_empty(typed.get(k)) and not (record and k in record.values)}
    return Look(checked.values, wrong, missing, [*dict.fromkeys(notes)], taken, offered)


def make(office: Office, key: str, *, same_again: bool = False, said: str = "") -> str:
    """Make the draft a record, or write it into the record it goes on with; returns the number.

    InvalidInput with every problem. The same call again finds the record that was made, and makes no second one;
    what was `said` is kept with the number, so that `made_of` knows the request once the draft is gone. TooAlike where
    a record says the same or nearly; `same_again` makes it one of its own all the same.
    """
    draft = draft_of(office, key)
    form = office.forms.get(draft.form_code).form
    values = with_years(form, draft.values, date.fromisoformat(office.today()))
    if draft.record_no:
        return _write_on(office, draft, form, values, said)
    values = {k: v for k, v in values.items() if not is_empty(v)}
    # Its first line makes its bytes its own: a draft made twice is one record, two drafts that say the same are two.
    told = {NUMBER_COLUMN: "新", **values} if same_again else values
    path = office.papers.answers.keep(f"desk-{key}.yaml", f"# {key}\n{json.dumps(told, ensure_ascii=False)}\n".encode())
    try:
        known = _said_by(office, form, path, same_again=same_again)
        made = None if known else fill(office, form.code, [on_disk(path)], same_again=same_again)
    except InvalidInput as error:
        remedy = "请在标出的栏目里改正后再生成"
        doubtful = any(asks_for(p.message, Input.SAME_AGAIN) for p in error.problems)
        kind = TooAlike if doubtful else InvalidInput
        raise kind(f"「{form.title}」还不能生成", remedy=remedy, problems=error.problems) from error
    if made is None:
        raise TooAlike(f"与 {known} 完全相同，没有生成", remedy=_ANOTHER)
    if not made.records:
        before = "、".join(changed.record_no for changed in made.changed)
        differing = [Problem(text) for changed in made.changed for text in changed.told]
        raise TooAlike(f"与 {before} 几乎相同，没有生成", remedy=_ANOTHER, problems=differing)
    number = made.records[0].record_no
    _became(office, draft, number, said)
    office.papers.answers.drop(path.name)
    return number


def _said_by(office: Office, form: Form, path: Path, *, same_again: bool) -> str:
    """Return the record that says what is to be made; "" for none, and for the one these very bytes made before."""
    keys = [source_key(form, file_sha256(path), entry) for entry in read_records(path, form)]
    with office.register.read() as tx:
        if tx.records.by_source(keys):
            return ""
    seen = fill(office, form.code, [on_disk(path)], same_again=same_again, dry_run=True).sound
    return next((row.record_no for row in seen if row.record_no), "")


def _became(office: Office, draft: DeskDraft, number: str, said: str) -> None:
    with office.register.write() as tx:
        tx.desk_drafts.made(draft, number, said, office.now())


def _write_on(office: Office, draft: DeskDraft, form: Form, values: Mapping[str, Any], said: str) -> str:
    """Write into a record what was written here; what others changed meanwhile stays, or is told before it goes."""
    record = reading.one(office, draft.record_no)
    now = as_typed(record)
    if both := meanwhile.met(draft, now):
        with office.register.write() as tx:  # told once; the next making goes over it
            tx.desk_drafts.rebase(draft.key, {**draft.base, **{k: now.get(k) for k in both}})
        raise WrongState(
            f"{record.record_no} 刚被别人改过，没有写入：{_told_now(form, now, both)}",
            remedy="请看清那边写了什么；要以这里写的为准，再按一次",
        )
    if not (own := meanwhile.own_changes(draft) & {f.key for f in form.input_fields}):
        _became(office, draft, record.record_no, said)
        return record.record_no
    require_open(form, record, Action.UPDATE)
    may = {key for key in own if not unchangeable(form, record, [key])}
    if closed := sorted(own - may):  # the record went on its way since
        named = "、".join(f"「{form.label(key)}」" for key in closed)
        raise WrongState(
            f"{record.record_no} {STATE_LABELS[record.state]}，{named}不能再改，没有写入",
            remedy="请先由主管退回，再续填",
        )
    data = json.dumps({k: v for k, v in values.items() if k in may}, ensure_ascii=False).encode()
    update(office, record.record_no, GivenFile(f"{draft.record_no}.json", data))
    _became(office, draft, record.record_no, said)
    return record.record_no


def written_over(form: Form, record: Record, typed: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return what was typed over a record where it says something else now; "" for what was emptied."""
    now = as_typed(record)
    own = {f.key for f in form.input_fields if meanwhile.plain(typed.get(f.key)) != meanwhile.plain(now.get(f.key))}
    years = with_years(form, {**now, **typed}, today)
    return {key: years.get(key, "") if key in typed else "" for key in own}


def with_years(form: Form, typed: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return what was typed, with the year of the day it most likely means where a day has none: 3.5, 3月5日."""
    days = [day for field in form.fields if (day := _day(field, typed.get(field.key)))] or [today]
    return {key: _year_in(form.by_key.get(key), value, days, today) for key, value in typed.items()}


def _day(field: Field, value: Any) -> date | None:
    if field.type in {FieldType.DATE, FieldType.DATETIME} and isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(field.parse(value)[:10])
    return None


def _year_in(field: Field | None, value: Any, days: Sequence[date], today: date) -> Any:
    if field is None:
        return value
    if field.type is FieldType.ROWS and isinstance(value, list):
        columns = {c.key: c for c in field.columns}
        return [{k: _year_in(columns.get(k), v, days, today) for k, v in line.items()} for line in value]
    if field.type not in {FieldType.DATE, FieldType.DATETIME} or not isinstance(value, str):
        return value
    for short in (_SHORT, _FOUR_DIGITS):
        value = short.sub(lambda found: f"{int(found[1])}月{int(found[2])}日", value.strip())
    with suppress(ValueError):
        return parsing.with_year(value, days) or value
    for year in (today.year, today.year - 1):  # the other days do not tell it
        with suppress(ValueError):
            found = parsing.with_year(value, [date(year, *_MIDDLE)])
            if found and date.fromisoformat(found[:10]) <= today + _AHEAD:
                return found
    # Whatever day it is: the check names it, with the year it was looked for in.
    return f"{today.year}年{value}" if _MONTH_DAY.match(value) else value


def _add(office: Office, form: Form, record_no: str, values: Mapping[str, Any]) -> DeskDraft:
    base = dict(values) if record_no else {}
    draft = DeskDraft(uuid4().hex, office.account.name, form.code, record_no, dict(values), 1, office.now(), base)
    with office.register.write() as tx:
        tx.desk_drafts.add(draft)
    return draft


def as_typed(record: Record) -> dict[str, Any]:
    """Return a record's values as they are typed."""
    return {k: typed_value(v) for k, v in record.values.items()}


def _told_now(form: Form, now: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return what fields of a record say now, for who writes other things into them."""
    return "；".join(f"「{form.label(k)}」现在是「{_brief(now.get(k))}」" for k in keys if k in form.by_key)


def _brief(value: Any) -> str:
    return (
        "、".join(v if isinstance(v, str) else "明细" for v in value) if isinstance(value, list) else str(value or "")
    )


def typed_value(value: Any) -> Any:
    """Return a stored value as it is typed: text, choices as a list, lines as a list of such."""
    match value:
        case bool():
            return "是" if value else "否"
        case list():
            return [
                {k: typed_value(v) for k, v in line.items()} if isinstance(line, Mapping) else line for line in value
            ]
        case _:
            return str(value)


def problem_field(problem: Problem) -> str:
    """Return the field of the form a problem belongs to; "" when it belongs to none."""
    return root(problem.field)
