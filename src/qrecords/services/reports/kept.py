"""Documents as the office has them: found, asked for, shown; what may not be read is as if it were not there (R95)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qrecords.advice import Do, advise
from qrecords.errors import NotFound, UsageError
from qrecords.model.document import AFTER_APPROVAL, DOCUMENT_LABELS, Document, DocumentState
from qrecords.model.formats import DocumentJson, FigureJson
from qrecords.model.record import Action, Record, State
from qrecords.model.reportkind import DocumentSeries
from qrecords.office import Office, missing_document
from qrecords.render.charts.chart import Chart, chart_of, why_not
from qrecords.render.reportbook import tables_xlsx
from qrecords.services.reports.shown import Counted, LeftOut, ShownDocument, ShownFigure, shown, tables_of
from qrecords.stores.documentkinds import read_documents
from qrecords.stores.register import Transaction

WORKBOOK = "tables.xlsx"


def series_of(office: Office) -> DocumentSeries:
    """Return the kinds of documents the office makes."""
    return read_documents(office.settings.forms_dir)


def kind_called(series: DocumentSeries, text: str) -> str:
    """Return the kind people call so, BB or KF-BB; UsageError lists those there are."""
    code = text.strip().upper().removeprefix(f"{series.code}-")
    if code not in series.kinds:
        known = "；".join(f"{key} {kind.title}" for key, kind in series.kinds.items())
        raise UsageError(f"没有文件种类「{text}」", remedy=f"可用：{known}")
    return code


def called(text: str) -> str:
    """Return the number a document is called by: kf-bb-2026-3 is KF-BB-2026-003."""
    plain = re.sub(r"\s*[-\u2010-\u2015\u2212]\s*", "-", unicodedata.normalize("NFKC", text)).strip().upper()
    found = re.fullmatch(r"(.+-\d{4})-(\d{1,9})", plain)
    return f"{found[1]}-{int(found[2]):03d}" if found else plain


def one(office: Office, number: str, action: Action = Action.REPORT_READ, tx: Transaction | None = None) -> Document:
    """Return a document the account may do this to; NotFound when there is none, or none it may read."""
    wanted = called(number)
    if tx is None:
        with office.register.read() as reading:
            found = reading.documents.get(wanted)
    else:
        found = tx.documents.get(wanted)
    if found is None or found.version == 0:
        raise missing_document([number])
    if tx is None:  # inside a writing transaction nothing can be logged beside it: authorised before
        office.authorise_document(action, found.scope, found.document_no)
    return found


def readable(office: Office, documents: Sequence[Document]) -> list[Document]:
    """Return the documents the account may read."""
    return [d for d in documents if office.may_document(Action.REPORT_READ, d.scope)]


def list_documents(office: Office, *, kind: str = "", year: int | None = None) -> list[ShownDocument]:
    """Return the documents the account may read, by kind and number."""
    series = series_of(office)
    form_code = series.form_code(kind_called(series, kind)) if kind.strip() else ""
    with office.register.read() as tx:
        found = [_with_volumes(tx, d) for d in readable(office, tx.documents.all(form_code=form_code, year=year))]
    office.note([office.event(Action.REPORT_READ, "documents", count=len(found))])
    return found


def _opened(office: Office, number: str, **detail: str) -> Document:
    """Return a document the account may read; that it was read is written down."""
    document = one(office, number)
    office.note([office.event(Action.REPORT_READ, document.document_no, **detail)])
    return document


def show_document(office: Office, number: str) -> ShownDocument:
    """Return a document with what it says and where its files lie; of a destroyed one what remains."""
    document = _opened(office, number)
    stands = as_it_stands(office, document)
    if document.version < 1:
        with office.register.read() as tx:
            gone = [row for row in tx.retention.destroyed() if row.object_id == document.object_id]
        return replace(stands, destroyed=gone[0].list_no if gone else "")
    return with_contents(office, document, stands)


def document_file(office: Office, number: str, name: str) -> bytes:
    """Return a file of a document, as it is kept; NotFound when it has none of this name.

    To who may not read all its records the workbook is made anew: its figures name those he may read (F.5).
    """
    document = _opened(office, number)
    if document.version < 1 or name not in _file_names(office, document):
        raise NotFound("文件里没有这一份", remedy="请从文件的页面上打开")
    if name != WORKBOOK or office.readable() is None:
        return office.archive.read(document.object_id, name)
    held = held_by(office, document)
    may = _may_read(office, [no for no, _ in held.records])
    if len(may) == len(held.records):
        return office.archive.read(document.object_id, name)
    charts = [chart_of(kept, at) for at, kept in enumerate(held.charts, start=1)]
    return tables_xlsx(held.naming(may), charts, datetime.fromisoformat(held.as_of), in_part=True)


@dataclass(frozen=True, slots=True)
class Outline:
    """The figures of a document without their records, and the charts its paper shows, by name."""

    figures: tuple[FigureJson, ...]
    charts: dict[str, Chart]


def outline(office: Office, number: str) -> Outline:
    """Return what a document shows beside its tables; nothing of a destroyed one."""
    document = _opened(office, number)
    if document.version < 1:
        return Outline((), {})
    held = held_by(office, document)
    charts = [chart_of(kept, number) for number, kept in enumerate(held.charts, start=1)]
    return Outline(held.figures, {chart.name: chart for chart in charts if not why_not(chart)})


def as_it_stands(office: Office, document: Document) -> ShownDocument:
    """Return where a document stands; one that is in a volume is bound, whatever was done with it before."""
    with office.register.read() as tx:
        return _with_volumes(tx, document)


def _with_volumes(tx: Transaction, document: Document) -> ShownDocument:
    stands = shown(document)
    places = tx.items.places(document.progress.archive_no) if document.progress.archive_no else []
    now = [p for p in places if p.version == document.progress.approved_version]
    if now and document.state in AFTER_APPROVAL:
        bound = DocumentState.BOUND
        label = f"{DOCUMENT_LABELS[bound]}（{stands.state_label}）"
        stands = replace(stands, state=bound.value, state_label=label)
    return replace(stands, volumes=tuple(p.volume_code for p in now))


def with_contents(
    office: Office, document: Document, stands: ShownDocument, held: DocumentJson | None = None
) -> ShownDocument:
    """Return a document with what it says, and its files; `held` is what it says where that was just written."""
    held = held or held_by(office, document)
    return replace(
        stands,
        as_of=held.as_of,
        basis=held.basis,
        remarks=held.remarks,
        alarms=held.alarms,
        alarm_states=held.alarm_states,
        answer=held.answer,
        changes=held.changes,
        tables=tables_of(held),
        files={name: office.archive.called(document.object_id, name) for name in _file_names(office, document)},
    )


def _file_names(office: Office, document: Document) -> list[str]:
    return [name for name in office.archive.names(document.object_id) if not name.endswith(".json")]


def figures_of(office: Office, number: str, figure_id: str = "") -> list[ShownFigure]:
    """Return the figures of a document, one when it is named, with the records each counts that the account may read.

    Where some may not be read, how many there are is not told either.
    """
    document = _opened(office, number, figure=figure_id)
    document.require(*(s for s in DocumentState if s is not DocumentState.DESTROYED))
    held = held_by(office, document)
    wanted = [f for f in held.figures if not figure_id or f.id == figure_id]
    if not wanted:
        raise NotFound(
            f"{document.document_no} 里没有数字「{figure_id}」",
            remedy=advise("不写名字就列出全部：{}", Do.SHOW_DOCUMENT(document.document_no)),
        )
    records = {f.id: ([*held.records_of(f)], [*held.left_out_of(f)]) for f in wanted}
    numbers = list(dict.fromkeys(no for both in records.values() for named in both for no, _, _ in named))
    may = _may_read(office, numbers)
    return [_drilled(f, *records[f.id], may) for f in wanted]


def _may_read(office: Office, numbers: Sequence[str]) -> dict[str, Record]:
    with office.register.read() as tx:
        there = tx.records.many(numbers)
    return {r.record_no: r for r in office.only_readable(there)}


_Named = Sequence[tuple[str, int, str]]  # number, version of its item, what it gives or why it gives nothing


def _drilled(figure: FigureJson, counted: _Named, left_out: _Named, may: dict[str, Record]) -> ShownFigure:
    lines = [
        Counted(no, version, counts, may[no].date, may[no].title, may[no].state is State.DESTROYED)
        for no, version, counts in counted
        if no in may
    ]
    others = [
        LeftOut(no, version, reason, may[no].date, may[no].title, may[no].state is State.DESTROYED)
        for no, version, reason in left_out
        if no in may
    ]
    whole = len(lines) + len(others) == len(counted) + len(left_out)
    return ShownFigure(figure.id, figure.label, figure.value, figure.exact, figure.unit, lines, others, whole=whole)


def held_by(office: Office, document: Document) -> DocumentJson:
    """Return what a document says, from its object."""
    return office.archive.read_as(DocumentJson, document.object_id, document.version)
