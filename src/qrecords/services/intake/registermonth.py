"""The lines of a register's month before they are rows of it: one draft of the desk, checked and made together."""

from __future__ import annotations

import calendar
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from qrecords.advice import Sentence, advise, joined
from qrecords.errors import InvalidInput, Problem, UsageError, WrongState
from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.record import Action, Record
from qrecords.model.rules import is_empty
from qrecords.model.worksheet import NUMBER_COLUMN
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.checking import beyond_rules, reminders
from qrecords.services.intake.drafting import with_years
from qrecords.services.intake.fill import fill, read_row
from qrecords.services.intake.known import Answers, Row, recognise, told
from qrecords.services.intake.lists import Completion
from qrecords.services.neighbours import Neighbours
from qrecords.stores.given import on_disk
from qrecords.stores.inputs import InputRecord
from qrecords.stores.register.deskdrafts import LINES, MADE, MONTH, DeskDraft

MOST_LINES = 500  # of one draft: what a page holds and a person overlooks
_MONTH = re.compile(r"^((?!0000)\d{4})-(0[1-9]|1[0-2])$", re.ASCII)
# The lines stand in columns on a page, and each is answered for itself.
IN_LINE = Answers(f"在这行的「{NUMBER_COLUMN}」栏写「{{}}」", for_all=())
_DAY_ALONE = re.compile(r"^(\d{1,2})[日号]?(?=$|\s)", re.ASCII)

Line = Mapping[str, str]


@dataclass(slots=True)
class Seen:
    """What one line would be: what is wrong, what is still missing, what to tell; `known` is the number it has."""

    wrong: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    values: Mapping[str, Any] = field(default_factory=dict)
    taken: Mapping[str, Any] = field(default_factory=dict)
    known: str = ""


def month_draft(office: Office, form_code: str, month: str) -> DeskDraft:
    """Return the account's own draft of a register's month, as it was last saved; empty when nothing was."""
    form = _register(office, form_code, month)
    office.authorise(Action.CREATE, form.code)
    key = hashlib.sha256(f"{office.account.name}\0{form.code}\0{month}".encode()).hexdigest()[:32]
    with office.register.read() as tx:
        found = tx.desk_drafts.get(key, office.account.name)
    return found or DeskDraft(key, office.account.name, form.code, "", {MONTH: month, LINES: []}, 0, "")


def begun(office: Office) -> list[DeskDraft]:
    """Return the account's own months with lines not yet made, the one saved last first."""
    with office.register.read() as tx:
        return [d for d in tx.desk_drafts.of_account(office.account.name) if d.month and d.values[LINES]]


def rows_there(office: Office, form_code: str, month: str, most: int) -> tuple[list[Record], int]:
    """Return the rows a register's month has, the last `most` that may be read, and how many come before them."""
    rows = reading.month_rows(office, office.forms.get(form_code), month)
    shown = rows[-most:]
    if shown:
        office.note([office.event(Action.READ, r.record_no) for r in shown])
    return shown, len(rows) - len(shown)


def fields_of(form: Form) -> list[Field]:
    """Return the columns of a register's lines."""
    return [f for f in form.input_fields if not f.columns]


def save(office: Office, draft: DeskDraft, lines: Sequence[Line], *, after: int) -> DeskDraft:
    """Keep the lines as typed; WrongState when they were saved elsewhere since `after`, and nothing is overwritten."""
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"一次最多{MOST_LINES}行，这里有{len(lines)}行，没有保存", remedy="请先生成一部分")
    return _keep(office, draft, {**draft.values, LINES: [dict(line) for line in lines]}, after)


def _keep(office: Office, draft: DeskDraft, values: Mapping[str, Any], after: int) -> DeskDraft:
    if draft.values == values:
        return draft  # the same request once more, or nothing typed
    kept = replace(draft, values=values, revision=after + 1, saved_at=office.now())
    with office.register.write() as tx:
        if after == 0 and tx.desk_drafts.get(draft.key, draft.account) is None:
            tx.desk_drafts.add(kept)
        elif not tx.desk_drafts.save(draft.key, values, after=after, at=kept.saved_at):
            remedy = "请看清那边写了什么再改"
            raise WrongState("另一个窗口刚改过这个月的登记簿，这里的没有保存", remedy=remedy)
    return kept


def look(office: Office, draft: DeskDraft) -> tuple[list[Seen], list[Sentence]]:
    """Check the lines as they stand, as `fill` will; every problem is found, and nothing is written down.

    Returns what each line would be, and what is to be told beside all of them.
    """
    form = office.forms.get(draft.form_code).form
    lists, around = Completion(office), Neighbours(office, form)
    typed = _as_input(office, form, draft)
    sha256, name = hashlib.sha256(_bytes(draft, typed)).hexdigest(), _file_name(draft)
    entries = [
        InputRecord(name, n, {k: v for k, v in line.items() if k != NUMBER_COLUMN}, number=line.get(NUMBER_COLUMN, ""))
        for n, line in enumerate(typed, start=1)
    ]
    # The row keeps no values of its entry: what was typed is looked up by the line's number.
    rows = [read_row(form, lists, sha256, entry, IN_LINE) for entry in entries]
    recognise(office, form, rows, same_again=False)
    around.look_up([row.checked.values for row in rows if row.is_new])
    return [_seen(around, row, line, draft.month) for row, line in zip(rows, typed, strict=True)], lists.notes


def _seen(around: Neighbours, row: Row, typed: Line, month: str) -> Seen:
    office, form, values = around.office, around.form, row.checked.values
    found = Seen([*row.checked.problems, *row.problems], notes=[*row.notes], values=values, known=row.known)
    found.taken = {k: v for k, v in values.items() if is_empty(typed.get(k))}
    if row.changed is not None:
        found.wrong.append(_changed(form, row, row.changed))
    if not row.is_new:
        return found
    found.missing = form.incomplete(values, [form.stages[0].key], {p.field for p in found.wrong})
    day = str(values.get(form.date_field, ""))
    if not found.wrong and day:
        found.wrong += beyond_rules(office, form, values, around=around)
        found.notes += [advise("提醒：{}", p.message) for p in reminders(office, form, values, around=around)]
    if day and not day.startswith(month):
        found.notes.append(f"日期在{day[:7]}，会登记到那个月")
    if not found.wrong and not found.missing:
        around.take_in(values)
    return found


def _changed(form: Form, row: Row, record: Record) -> Problem:
    return Problem(
        f"像是改了 {record.record_no}（{'；'.join(told(form, row.differences))}）；是改动请打开那份记录续填或更正，"
        f"这里删去这行；是新的一条就在「{NUMBER_COLUMN}」栏写「新」"
    )


def make(office: Office, draft: DeskDraft, lines: Sequence[Line], *, after: int, once: str) -> list[str]:
    """Make all the lines rows of the register and return their numbers, in their order; all of them or none.

    InvalidInput with every problem by line. The same request again, known by `once` and lines, gives the same numbers.
    """
    if (numbers := _made(draft, once, lines)) is not None:
        return numbers
    form = office.forms.get(draft.form_code).form
    draft = save(office, draft, lines, after=after)
    if not draft.values[LINES]:
        raise InvalidInput("还没有写一行", remedy="请至少写一行再生成")
    seen, _ = look(office, draft)
    _require_sound(form, seen)
    path = office.papers.answers.keep(_file_name(draft), _bytes(draft, _as_input(office, form, draft)))
    made = fill(office, form.code, [on_disk(path)])
    if made.changed:  # another process made or changed a row since the look: what is new was made all the same
        problems = [Problem(joined("；", c.told), row=c.row) for c in made.changed]
        raise InvalidInput("有的行刚被别人登记或改过，其余的已生成", remedy="请刷新看清", problems=problems)
    numbers = [r.record_no for r in made.records]
    try:
        last = {"once": once, "numbers": numbers, "lines": _digest(lines)}
        _keep(office, draft, {MONTH: draft.month, LINES: [], MADE: last}, draft.revision)
    except WrongState:  # the same request at the same time was first; another's lines stay as they are
        if _made(month_draft(office, form.code, draft.month), once, lines) is None:
            raise
    office.papers.answers.drop(path.name)
    return numbers


def _made(draft: DeskDraft, once: str, lines: Sequence[Line]) -> list[str] | None:
    """Return what the same request gave; other lines from a page gone back to are another request."""
    last = draft.values.get(MADE)
    if not last or not once or last["once"] != once or last.get("lines", _digest(lines)) != _digest(lines):
        return None
    return list(last["numbers"])


def _digest(lines: Sequence[Line]) -> str:
    text = json.dumps([dict(line) for line in lines], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _require_sound(form: Form, seen: Sequence[Seen]) -> None:
    problems = [p.at(None, n) for n, line in enumerate(seen, start=1) for p in (*line.wrong, *line.missing)]
    if problems:
        lines = len({p.row for p in problems})
        raise InvalidInput(
            f"「{form.title}」有{lines}行还不能生成，没有生成任何一行",
            remedy="请在标出的格里改正后再生成",
            problems=problems,
        )


def _register(office: Office, form_code: str, month: str) -> Form:
    form = office.forms.get(form_code).form
    if not form.is_register:
        raise UsageError(f"「{form.title}」不是登记簿，没有按月的页", remedy="请从「填写」里选")
    if not _MONTH.match(month):
        raise UsageError(f"「{month}」不是月份", remedy="请写成 2026-03 的样子")
    return form


def _as_input(office: Office, form: Form, draft: DeskDraft) -> list[dict[str, Any]]:
    """Return the lines as an input file has them: days that say less than a day completed from the month."""
    year, month = map(int, draft.month.split("-"))
    last = date(year, month, calendar.monthrange(year, month)[1])
    day = min(last, date.fromisoformat(office.today()))
    if day < last.replace(day=1):
        day = last
    days = {f.key for f in form.fields if f.type in {FieldType.DATE, FieldType.DATETIME}}

    def whole(key: str, text: str) -> str:
        return _DAY_ALONE.sub(lambda m: f"{draft.month}-{int(m[1]):02d}", text.strip()) if key in days else text

    written = [{k: whole(k, v) for k, v in line.items() if not is_empty(v)} for line in draft.values[LINES]]
    return [with_years(form, line, day) for line in written]


def _file_name(draft: DeskDraft) -> str:
    """Return what the lines' file is called: by it a line is no row of the lines made before it."""
    return f"desk-{draft.key}-{draft.revision}.yaml"


def _bytes(draft: DeskDraft, lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the lines' file; its first line makes its bytes its own, so that the same words later are new lines."""
    return f"# {draft.key} {draft.revision}\n{json.dumps(lines, ensure_ascii=False)}\n".encode()
