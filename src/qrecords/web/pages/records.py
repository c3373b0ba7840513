"""One record: its values beside its page, its steps as buttons with what is missing before each; and the list."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from qrecords.advice import Sentence
from qrecords.errors import UsageError
from qrecords.model.field import BOXES
from qrecords.model.record import ACTION_LABELS, Action, State, open_actions
from qrecords.services import reading, steps
from qrecords.services.file import file_records
from qrecords.services.finding.find import Summary, list_records, shown
from qrecords.services.finding.ledger import ledger_file as ledger_contents
from qrecords.services.finding.viewing import shown_paper
from qrecords.services.obstacles import obstacles_of
from qrecords.services.print import print_records
from qrecords.services.require import show_task
from qrecords.web.asked import Asked, download, pdf
from qrecords.web.pages import working
from qrecords.web.rendering import action_label
from qrecords.web.wording import worded

SHOWN = 500
# The steps of a record's page: in the order they come, those that need a reason after.
STEPS = (Action.UPDATE, Action.ISSUE, Action.SUBMIT, Action.REVIEW, Action.FILE, Action.RETURN, Action.VOID)


def record(asked: Asked) -> Response:
    """Show one record."""
    one = reading.one(asked.session, asked.path["number"])
    ahead = obstacles_of(asked.session, one)
    whole = shown(asked.session, one, history=True, ahead=ahead)
    folder = asked.session.forms.get(one.form_code)
    is_notice = Action.ISSUE.value in folder.form.steps
    may = asked.session.allowed(open_actions(folder.form, one.state), one)
    sheet = folder.form.is_register and not one.paper_no  # what is printed and filed by the month
    return asked.page(
        "record.html", record=whole, form=folder.form, fields=[f for f in folder.form.fields if f.type not in BOXES],
        actions=[(a.value, action_label(a)) for a in STEPS if a in may and not (sheet and a is Action.FILE)],
        printing=Action.PRINT in may and not sheet and not one.paper_no, signing=Action.SIGN in may,
        month=one.month if sheet else "", month_printing=Action.PRINT in may, month_filing=Action.FILE in may,
        correcting=Action.CORRECT in may,
        kinds=folder.form.signatures,
        labels={a.value: label for a, label in ACTION_LABELS.items()},
        ahead=[("下一步之前还缺", ahead.now), ("归档前还要", ahead.later)], by_key=folder.form.by_key,
        task=show_task(asked.session, one.record_no) if is_notice else None,
        notice=one.values.get("notice_no") or "" if not is_notice else "",
    )  # fmt: skip


def paper(asked: Asked) -> Response:
    """Give the PDF of a record: as it is archived, else as it would be printed now, with no print taken."""
    name, data = paper_of(asked, asked.path["number"])
    return pdf(data, name)


def printed(asked: Asked) -> Response:
    """Take a print of a record, with its code, to be signed and scanned; what was printed comes back."""
    with TemporaryDirectory(prefix="qrecords-print-") as folder:
        (made,) = print_records(asked.session, [asked.path["number"]], out=Path(folder), word=asked.word)
        path = Path(str(made.pdf))
        return pdf(path.read_bytes(), path.name)


def paper_of(asked: Asked, number: str) -> tuple[str, bytes]:
    """Return name and bytes of a record's PDF, archived or as it would be printed, with no print taken."""
    return shown_paper(asked.session, number, asked.request.app.state.printer.page)


def step(asked: Asked) -> Response:
    """Take a step for one record or many, and go back to where one came from."""
    numbers = asked.texts("number")
    action = asked.path["action"]
    if action == Action.FILE and asked.text("later"):
        return working.begin(asked, "file", {"numbers": numbers})
    notes: list[Sentence] = []
    taken = _take(asked, action, numbers, notes)
    back = asked.text("back")
    told = f"已{action_label(action)}：{taken[0]}" + (f"等{len(taken)}份" if len(taken) > 1 else "")
    told = "；".join([told, *map(worded, notes)])
    if asked.wants_data:
        return JSONResponse({"numbers": taken, "told": told})
    return asked.go(back if back.startswith("/") and not back.startswith("//") else "/", told)


def _take(asked: Asked, action: str, numbers: list[str], notes: list[Sentence]) -> list[str]:
    session, on, seen = asked.session, asked.text("on"), _seen(asked)
    if not numbers:
        raise UsageError("没有选中记录", remedy="请先勾选")
    match action:
        case "issue":
            made: list[Any] = [*steps.issue(session, numbers, seen=seen)]
        case "submit":
            made = [*steps.submit(session, numbers, notes, seen=seen)]
        case "review":
            made = [*steps.review(session, numbers, opinion=asked.text("opinion"), on=on, seen=seen)]
        case "return":
            made = [*steps.send_back(session, numbers, reason=asked.text("reason"), seen=seen)]
        case "void":
            made = [*steps.void(session, numbers, reason=asked.text("reason"), seen=seen)]
        case "sign":
            kind, by, further = asked.text("kind"), asked.text("by"), bool(asked.text("further"))
            made = [*steps.sign(session, numbers, kind=kind, by=by, on=on, word=asked.word, further=further)]
        case "file":
            return [f.record_no for f in file_records(session, numbers)]
        case _:
            raise UsageError(f"没有「{action}」这一步", remedy="请从记录的页面上选")
    return [r.record_no for r in made]


def _seen(asked: Asked) -> dict[str, int]:
    """Return at which change the page showed each record: one changed since is not moved unseen."""
    pairs = [text.rpartition(" ")[::2] for text in asked.texts("seen")]
    return {number: int(seq) for number, seq in pairs if seq.isascii() and seq.isdecimal() and len(seq) < 16}


def ledger(asked: Asked) -> Response:
    """List the records, narrowed by form, state and year."""
    found = _listed(asked)
    narrowed = {name: asked.query(name) for name in ("form", "state", "year")}
    return asked.page(
        "ledger.html", records=found[:SHOWN], more=max(0, len(found) - SHOWN), total=len(found),
        forms=[folder.form for folder in asked.session.forms.all()], query=urlencode(narrowed), **narrowed,
    )  # fmt: skip


def ledger_file(asked: Asked) -> Response:
    """Give what is listed as a file, as the command line writes it."""
    name = f"台账.{asked.path['kind']}"
    return download(name, ledger_contents(asked.session, _listed(asked), name).data)


def _listed(asked: Asked) -> list[Summary]:
    state, year = asked.query("state"), asked.query("year")
    return list_records(
        asked.session,
        form_code=asked.query("form"),
        states=(State(state),) if state in {s.value for s in State} else (),
        year=int(year) if year.isdecimal() and len(year) == 4 else None,
    )
