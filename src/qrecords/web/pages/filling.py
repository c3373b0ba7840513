"""填写: choose a form, fill it as the paper looks, see what is wrong while typing, make the record at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.responses import JSONResponse, Response

from qrecords.errors import InvalidInput, WrongState
from qrecords.intake.clerkcopies import copies_of
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.lists import KINDS
from qrecords.services.improving import may_offer
from qrecords.services.intake import drafting
from qrecords.services.intake.asking import columns_of
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import list_entries
from qrecords.services.spares import may_propose
from qrecords.settings import WORKERS
from qrecords.stores.given import on_disk
from qrecords.stores.register.deskdrafts import DeskDraft
from qrecords.web.asked import Asked, data_address, pdf, refused, stored_upload, typed
from qrecords.web.cells import value_text
from qrecords.web.pages.working import begin as begin_job
from qrecords.web.wording import worded

LONGEST_LIST = 2_000
LARGE_BYTES = 200_000  # of a file: some thousand rows of a workbook, or two hundred records, half a minute of filling
BLANK_LINES = 3  # offered below what is written in a list


def forms(asked: Asked) -> Response:
    """Show the forms to choose from."""
    forms = [folder.form for folder in asked.session.forms.all()]
    proposed = {f.code for f in forms if may_propose(asked.session, f)}
    improved = {f.code for f in forms if may_offer(asked.session, f)}
    return asked.page("forms.html", forms=forms, proposed=proposed, improved=improved)


def begin(asked: Asked) -> Response:
    """Begin a draft of a form."""
    return asked.go(f"/drafts/{drafting.begin(asked.session, asked.path['form']).key}")


def go_on(asked: Asked) -> Response:
    """Begin a draft that goes on with a record."""
    return asked.go(f"/drafts/{drafting.go_on(asked.session, asked.path['number']).key}")


def draft(asked: Asked) -> Response:
    """Show a draft to be filled in; one that has become a record leads there."""
    if number := drafting.made_of(asked.session, asked.path["key"]):
        return asked.go(f"/records/{number}", f"这份草稿已经写成 {number}")
    return _page(asked, drafting.draft_of(asked.session, asked.path["key"]))


def _page(
    asked: Asked, one: DeskDraft, status: int = 200, *, tried: bool = False, error: InvalidInput | None = None
) -> Response:
    form = asked.session.forms.get(one.form_code).form
    may = {f.key for f in drafting.open_fields(asked.session, one)}
    return asked.page(
        "draft.html", status, draft=one, form=form, sections=[*sections_of(form, may)], values=one.values,
        look=_told(asked, one), tried=tried, blank_lines=BLANK_LINES, columns=columns_of,
        lists=offered_lists(asked, form), alike=error,
    )  # fmt: skip


def sections_of(form: Form, may: set[str]) -> Iterator[dict[str, Any]]:
    """Give the stages as the paper has them, with their fields in its order; those done are shown, not asked."""
    for number, stage in enumerate(form.stages):
        fields = [f for f in form.stage_fields(stage.key) if f.type not in BOXES]
        if any(f.key in may for f in fields):
            yield {"stage": stage, "fields": [*_placed(fields, may)], "later": number > 0}


def _placed(fields: Sequence[Field], may: set[str]) -> Iterator[dict[str, Any]]:
    """Give fields with their place in a grid of two columns: one that would leave a hole beside it takes both."""
    column = 0
    for n, field in enumerate(fields):
        wide = _is_wide(field)
        odd = not wide and column == 0 and (n + 1 == len(fields) or _is_wide(fields[n + 1]))
        column = 0 if wide or odd else 1 - column
        yield {"field": field, "open": field.key in may, "place": "full" if wide else "odd" if odd else ""}


def offered_lists(asked: Asked, form: Form) -> dict[str, list[str]]:
    """Return what the lists of customers and products offer, by field: any part of it may be typed."""
    found: dict[str, list[str]] = {}
    for kind in KINDS.values():
        entries = list_entries(asked.session, kind)
        for key in kind.required:
            if key in form.by_key:
                found[key] = sorted({str(e[key]) for e in entries if e.get(key)})[:LONGEST_LIST]
    return found


def _is_wide(field: Field) -> bool:
    return field.type in {FieldType.LTEXT, FieldType.ROWS} or (
        field.type in {FieldType.ENUM, FieldType.MULTI} and sum(len(c) + 2 for c in field.choices) > 24
    )


def save(asked: Asked) -> Response:
    """Keep what was typed and tell what is wrong with it; the page's script asks after each pause."""
    try:
        one = _saved(asked)
    except WrongState as error:  # another window saved it: the page's script brings the two together
        now = drafting.draft_of(asked.session, asked.path["key"])
        return refused(asked, error, revision=now.revision, now=now.values)
    if asked.wants_data:
        return JSONResponse({"revision": one.revision, "saved_at": one.saved_at, **_told(asked, one)})
    return _page(asked, one)


def _saved(asked: Asked) -> DeskDraft:
    one = drafting.draft_of(asked.session, asked.path["key"])
    fields = asked.session.forms.get(one.form_code).form.input_fields
    written = typed(
        asked.sent,
        frozenset(f.key for f in fields if f.type is FieldType.MULTI),
        frozenset(f.key for f in fields if f.type is FieldType.ROWS),
    )
    open_keys, keys = {f.key for f in drafting.open_fields(asked.session, one)}, {f.key for f in fields}
    # What was written into a field that closed since, because the record went on its way, is not lost unsaid.
    closed = {k: v for k, v in one.values.items() if k not in open_keys}
    values = closed | {k: v for k, v in written.items() if k in keys and v not in ("", [])}
    return drafting.save(asked.session, one.key, values, after=asked.revision)


def _told(asked: Asked, one: DeskDraft) -> dict[str, Any]:
    """Return what is said beside the fields: wrong, missing, filled by itself, offered."""
    seen = drafting.look(asked.session, one)
    form = asked.session.forms.get(one.form_code).form
    fields = form.by_key

    lists = {f.key for f in form.fields if f.type is FieldType.ROWS}

    def said(values: Mapping[str, Any]) -> dict[str, str]:
        return {k: value_text(v, fields[k]) for k, v in values.items() if k in fields and k not in lists}

    problems = [("wrong", p) for p in seen.wrong] + [("missing", p) for p in seen.missing]
    return {
        "problems": [
            {"field": drafting.problem_field(p), "place": p.field or "", "kind": kind, "message": worded(p.message)}
            for kind, p in problems
        ],
        "notes": [worded(note) for note in seen.notes],
        "taken": said(seen.taken),
        "offered": {
            k: {"shown": text, "value": drafting.typed_value(seen.offered[k])} for k, text in said(seen.offered).items()
        },
        "read": _read_otherwise(one, seen.values, fields),
        "sound": seen.is_sound,
    }


def _read_otherwise(one: DeskDraft, stored: Any, fields: dict[str, Field]) -> dict[str, str]:
    """Return the days that were read from what was typed in another way: 3.5 → 2026-03-05."""
    days = {FieldType.DATE, FieldType.DATETIME}
    return {
        k: value_text(stored[k], fields[k])
        for k, typed_ in one.values.items()
        if k in fields and fields[k].type in days and k in stored and value_text(stored[k], fields[k]) != typed_
    }


def make(asked: Asked) -> Response:
    """Make the draft a record; everything wrong is told at its field, and the draft stays."""
    key, same_again = asked.path["key"], asked.text("same_again") == "1"
    if not (number := drafting.made_of(asked.session, key, asked.said)):
        one = _saved(asked)
        try:
            number = drafting.make(asked.session, key, same_again=same_again, said=asked.said)
        except InvalidInput as error:
            alike = isinstance(error, drafting.TooAlike)
            if asked.wants_data:
                return refused(asked, error, alike=alike)
            return _page(asked, one, 422, tried=True, error=error if alike else None)
    told = f"已写入 {number}"
    if asked.wants_data:
        response = asked.go(f"/records/{number}", told)
        return JSONResponse({"number": number, "go": f"/records/{number}"}, headers=_cookies(response))
    return asked.go(f"/records/{number}", told)


def _cookies(response: Response) -> dict[str, str]:
    return {"set-cookie": response.headers["set-cookie"]} if "set-cookie" in response.headers else {}


def drop(asked: Asked) -> Response:
    """Let go of a draft."""
    drafting.drop(asked.session, asked.path["key"])
    return asked.go("/", "草稿已丢弃")


def page_pdf(asked: Asked) -> Response:
    """Give the PDF of what a draft would print."""
    one = drafting.draft_of(asked.session, asked.path["key"])
    seen = drafting.look(asked.session, one)
    return pdf(asked.request.app.state.printer.page(asked.session, one.form_code, seen.values), "preview.pdf")


def upload(asked: Asked) -> Response:
    """Fill from a workbook or another input file, as the command line does; a workbook refused comes back marked.

    It is in the page itself: nothing of it stays here, and nobody else can ask for it. Asked for as long work, or large
    where workers do that, it is a job, and the workbook waits on its page.
    """
    sent = asked.file("file")
    if sent is None:
        raise InvalidInput("没有选文件", remedy="请选一个 .xlsx、.csv、.json 或 .yaml 文件")
    with TemporaryDirectory(prefix="qrecords-upload-") as name:
        folder, back = Path(name), Path(name) / "back"
        back.mkdir()
        source = stored_upload(sent, folder)
        wanted = asked.text("later") == "1"
        by_workers = asked.session.settings.desk.long_work == WORKERS
        if wanted or (by_workers and source.stat().st_size > LARGE_BYTES):
            told = "" if wanted else "文件大，作为长活填写：关了页面也照办"
            return begin_job(asked, "fill", {"form": asked.path["form"]}, [on_disk(source)], told)
        is_workbook = source.suffix.lower() in {".xlsx", ".xlsm"}
        copies = copies_of([source], asked.session.papers.drafts, rejected=back if is_workbook else None)
        try:
            made = fill(asked.session, asked.path["form"], [on_disk(source)], copies=copies)
        except InvalidInput as error:
            return refused(asked, error, returned=[(path.name, data_address(path)) for path in sorted(back.iterdir())])
    return asked.page("uploaded.html", made=made, name=source.name)
