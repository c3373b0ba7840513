"""登记簿: the rows of a month, a line each, as a grid of inputs; kept as one draft and made rows together."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.responses import JSONResponse, Response

from qrecords.errors import InvalidInput, Problem, WrongState
from qrecords.model.field import Field, FieldType
from qrecords.model.record import Action, Record, State
from qrecords.model.worksheet import NUMBER_COLUMN
from qrecords.services.file import file_months
from qrecords.services.intake import registermonth
from qrecords.services.intake.registermonth import Seen
from qrecords.services.print import print_month
from qrecords.stores.register.deskdrafts import LINES, DeskDraft
from qrecords.web.asked import Asked, pdf, refused, typed
from qrecords.web.cells import value_text
from qrecords.web.wording import worded

SHOWN = 200  # rows of the month that are there already
BLANK_LINES = 3
_LINES = "lines"  # what the inputs of a line are named under
_DAYS = {FieldType.DATE, FieldType.DATETIME}


def this_month(asked: Asked) -> Response:
    """Go to the month of today."""
    return asked.go(f"/fill/{asked.path['form']}/months/{asked.session.today()[:7]}")


def month(asked: Asked) -> Response:
    """Show a register's month: the rows it has, and the lines not yet made."""
    return _page(asked, _draft(asked))


def _draft(asked: Asked) -> DeskDraft:
    return registermonth.month_draft(asked.session, asked.path["form"], asked.path["month"])


def _page(asked: Asked, draft: DeskDraft, status: int = 200, *, tried: bool = False) -> Response:
    form = asked.session.forms.get(draft.form_code).form
    there, before = registermonth.rows_there(asked.session, form.code, draft.month, SHOWN)
    return asked.page(
        "month.html", status, draft=draft, form=form, fields=registermonth.fields_of(form), number=NUMBER_COLUMN,
        there=there, before=before, lines=draft.values[LINES], blank_lines=BLANK_LINES, look=_told(asked, draft),
        tried=tried, once=secrets.token_hex(16), most=registermonth.MOST_LINES, month=draft.month,
        around=[_beside(draft.month, -1), _beside(draft.month, 1)], **_whole_month(asked, there, before),
    )  # fmt: skip


def _whole_month(asked: Asked, there: Sequence[Record], before: int) -> dict[str, bool]:
    """Tell what can be done with the month as a whole; of rows further up it shows when it is asked for."""
    prints = [r for r in there if r.state is not State.VOID]
    files = [r for r in there if r.state is State.REVIEWED or before]
    may = asked.session.only_readable
    return {"printing": bool(may(prints, Action.PRINT)), "filing": bool(may(files, Action.FILE))}


def _beside(month: str, step: int) -> str:
    year, number = map(int, month.split("-"))
    whole = year * 12 + number - 1 + step
    return f"{whole // 12:04}-{whole % 12 + 1:02}"


def _written(asked: Asked) -> list[dict[str, str]]:
    form = asked.session.forms.get(asked.path["form"]).form
    keys = {NUMBER_COLUMN, *(f.key for f in registermonth.fields_of(form))}
    lines = typed(asked.sent, lists=frozenset({_LINES}))[_LINES]
    return [{k: v for k, v in line.items() if k in keys and v.strip()} for line in lines]


def save(asked: Asked) -> Response:
    """Keep the lines as typed and tell what is wrong with them; the page's script asks after each pause."""
    draft = _draft(asked)
    try:
        draft = registermonth.save(asked.session, draft, _written(asked), after=asked.revision)
    except WrongState as error:  # another window saved it: the page's script brings the two together
        now = _draft(asked)
        return refused(asked, error, revision=now.revision, now=now.values[LINES])
    return _saved(asked, draft)


def _saved(asked: Asked, draft: DeskDraft, status: int = 200, **more: Any) -> Response:
    if asked.wants_data:
        told = {"revision": draft.revision, "saved_at": draft.saved_at, **_told(asked, draft), **more}
        return JSONResponse(told, status)
    return _page(asked, draft, status, tried=status != 200)


def make(asked: Asked) -> Response:
    """Make all lines rows of the register; everything wrong is told in its cell, and the lines stay."""
    draft, once = _draft(asked), asked.text("once")
    try:
        numbers = registermonth.make(asked.session, draft, _written(asked), after=asked.revision, once=once)
    except InvalidInput as error:
        return _saved(asked, _draft(asked), 422, message=worded(error.message), remedy=worded(error.remedy))
    told = f"已登记{len(numbers)}行：{numbers[0]}" + (f" 到 {numbers[-1]}" if len(numbers) > 1 else "")
    address = f"/fill/{draft.form_code}/months/{draft.month}"
    response = asked.go(address, told)
    if asked.wants_data:
        return JSONResponse({"numbers": numbers, "go": address}, headers={"set-cookie": response.headers["set-cookie"]})
    return response


def clear(asked: Asked) -> Response:
    """Let go of the lines not yet made."""
    draft = _draft(asked)
    registermonth.save(asked.session, draft, [], after=draft.revision)
    return asked.go(f"/fill/{draft.form_code}/months/{draft.month}", "没有生成的行已丢弃")


def printed(asked: Asked) -> Response:
    """Take a print of the month's sheets, with their codes; what was printed comes back."""
    with TemporaryDirectory(prefix="qrecords-print-") as folder:
        form, month = asked.path["form"], asked.path["month"]
        (made,) = print_month(asked.session, form, month, out=Path(folder), word=asked.word)
        path = Path(str(made.pdf))
        return pdf(path.read_bytes(), path.name)


def filed(asked: Asked) -> Response:
    """File the month as one item, and go back to where one came from; rows still open are named."""
    (done,) = file_months(asked.session, asked.path["form"], [asked.path["month"]])
    open_rows = f"；还有{len(done.carried)}行没有审查：{'、'.join(done.carried[:5])}" if done.carried else ""
    told = f"已归档：{asked.path['form']} {asked.path['month']}，{done.rows}行，{done.archive_no}{open_rows}"
    back = asked.text("back")
    return asked.go(back if back.startswith("/") and not back.startswith("//") else "/", told)


def _told(asked: Asked, draft: DeskDraft) -> dict[str, Any]:
    """Return what is said in the cells of each line, and beside them."""
    fields = {f.key: f for f in asked.session.forms.get(draft.form_code).form.fields}
    seen, notes = registermonth.look(asked.session, draft)
    lines = draft.values[LINES]
    return {
        "lines": [_line(one, line, fields) for one, line in zip(seen, lines, strict=True)],
        "notes": [worded(note) for note in notes],
    }


def _line(seen: Seen, written: dict[str, str], fields: dict[str, Field]) -> dict[str, Any]:
    told = {
        "problems": [_problem("wrong", p, fields) for p in seen.wrong]
        + [_problem("missing", p, fields) for p in seen.missing],
        "notes": [worded(note) for note in seen.notes],
        "known": seen.known,
        "taken": {k: value_text(v, fields[k]) for k, v in seen.taken.items() if k in fields},
        "read": {
            k: text
            for k, v in seen.values.items()
            if k in written and fields[k].type in _DAYS and (text := value_text(v, fields[k])) != written[k]
        },
    }
    return {k: v for k, v in told.items() if v}


def _problem(kind: str, problem: Problem, fields: dict[str, Field]) -> dict[str, str]:
    key = (problem.field or "").partition("[")[0]
    return {"kind": kind, "field": key if key in fields else "", "message": worded(problem.message)}
