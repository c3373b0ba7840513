"""The papers of a record: what is printed, frozen and bound all comes from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from qrecords.advice import Input, advise
from qrecords.errors import UsageError
from qrecords.model.record import Action, Record
from qrecords.office import Office
from qrecords.render.changes import change_lines, marked, with_changes
from qrecords.render.code import payload
from qrecords.render.context import NOT_APPLICABLE, date_text, form_context, register_context
from qrecords.render.docx import Template
from qrecords.render.fonts import require_chinese_face
from qrecords.render.soffice import find_program
from qrecords.services.making import filled, to_pdf
from qrecords.stores.durable import make_dirs, remove_file, write_file, write_files
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.register import Transaction

_AN_EVENT = 200  # papers whose pages one event of the log tells
PROBE = ".qrecords-probe"  # written and removed to see whether a folder takes files


@dataclass(frozen=True, slots=True)
class Paper:
    """One document about to be made: what its code says, its title, and what it prints."""

    subject: str  # a record number, or form and month of a register
    print_no: int
    title: str
    folder: FormFolder
    context: Mapping[str, Any]
    changes: tuple[str, ...] = ()  # what was corrected after filing, printed at the end

    @property
    def print_id(self) -> str:
        """Return the id printed with the code."""
        return payload(self.subject, self.print_no)

    @property
    def is_archived(self) -> bool:
        """Tell whether it is the paper to be frozen, with its archive number."""
        return bool(self.context.get("archive_no"))


class Documents:
    """Makes papers for one office; keeps compiled templates while it lives."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._templates: dict[str, Template] = {}

    def record_paper(self, folder: FormFolder, record: Record, print_no: int) -> Paper:
        """Return the paper of one record."""
        head = self._head(folder, record.record_no, print_no) | {
            "record_no": record.record_no,
            "supervisor_opinion": record.opinion,
        }
        context = marked(form_context(folder.form, record.values, head), record.corrections)
        title = f"{folder.form.title} {record.record_no}"
        return Paper(record.record_no, print_no, title, folder, context, (*change_lines(folder.form, [record]),))

    def archived(self, paper: Paper, *, archive_no: str, archived_by: str, archived_on: str) -> Paper:
        """Return a paper with its archive block filled, as it is frozen."""
        block = {"archive_no": archive_no, "archived_by": archived_by, "archived_on": date_text(archived_on)}
        return replace(paper, context={**paper.context, **block})

    def sheet_paper(self, folder: FormFolder, month: str, rows: Sequence[Record], print_no: int) -> Paper:
        """Return the sheets of a register's month, its rows in the order of their dates."""
        rows = sorted(rows, key=lambda r: (str(r.values.get(folder.form.date_field) or r.date), r.record_no))
        subject = sheet_subject(folder.form.code, month)
        head = self._head(folder, subject, print_no) | {"record_no": subject}
        lines = [(r.record_no, r.values) for r in rows]
        context = register_context(folder.form, lines, head, month)
        context["rows"] = [marked(row, r.corrections) for row, r in zip(context["rows"], rows, strict=True)]
        changes = (*change_lines(folder.form, rows),)
        return Paper(subject, print_no, f"{folder.form.title} {month}", folder, context, changes)

    def docx(self, paper: Paper) -> bytes:
        """Return the Word document of a paper."""
        made = filled(self.template(paper.folder), paper.context, paper.print_id)
        return with_changes(made, paper.changes) if paper.changes else made

    def template(self, folder: FormFolder) -> Template:
        """Return a form's template, compiled; InvalidInput when it is no Word file or holds a tag not allowed."""
        key = folder.template_sha256
        if key not in self._templates:
            self._templates[key] = Template.load(folder.template_bytes, str(folder.template))
        return self._templates[key]

    def pdfs(self, papers: Sequence[tuple[Paper, Path]], out_dir: Path) -> list[Path]:
        """Make the PDFs of papers from their Word files, in one go; each page carries the code with its number."""
        from qrecords.render.finish import finish_pdf  # papers in Word alone do without the libraries for PDF

        by_name, created, coded = {docx.stem: paper for paper, docx in papers}, self.office.clock(), dict[str, int]()

        def finish(path: Path) -> None:
            # While LibreOffice is at the next ones: done afterwards it would add half of the time again.
            paper = by_name[path.stem]
            coded[path.stem] = finish_pdf(
                path,
                path,
                print_id=paper.print_id,
                title=paper.title,
                created=created,
                stamp_room=paper.is_archived,
                repeat_numbers=paper.folder.form.is_register,
            )

        made = to_pdf(self.office, [docx for _, docx in papers], out_dir, on_done=finish)
        with self.office.register.write() as tx:  # a scan of the print is whole when it has so many pages
            for start in range(0, len(papers), _AN_EVENT):
                part = papers[start : start + _AN_EVENT]
                for paper, docx in part:
                    tx.records.print_pages(paper.subject, paper.print_no, coded[docx.stem])
                tx.audit.append([self.office.event(Action.PRINT, "pages", papers=len(part))])
        return made

    def _head(self, folder: FormFolder, subject: str, print_no: int) -> dict[str, str]:
        form = folder.form
        return {
            "org_name": self.office.settings.office.org_name,
            "form_title": form.title,
            "form_code": form.code,
            "form_edition": form.edition or NOT_APPLICABLE,
            "retention": f"{form.retention.years}年",
            "print_id": payload(subject, print_no),
        }


def require_means(documents: Documents, folder: FormFolder, out: Path, *, pdf: bool) -> None:
    """Make sure papers can be made before any number is taken: template, folder, and LibreOffice where it is needed."""
    documents.template(folder)
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} 不是文件夹", remedy=advise("请用 {} 指明一个文件夹", Input.FOLDER))
    make_dirs(out)
    write_file(out / PROBE, b"")
    remove_file(out / PROBE)  # another command may be trying the same folder, and have removed it already
    if pdf:
        find_program(documents.office.settings.pdf.soffice)
        require_chinese_face()


def sheet_subject(form_code: str, month: str) -> str:
    """Return what a register's sheets are called: QR758-02A-2026-03."""
    return f"{form_code}-{month}"


def register_prints(office: Office, tx: Transaction, folder: FormFolder, records: Sequence[Record]) -> dict[str, int]:
    """Write down a print of each record with the values it shows; returns the prints' numbers by record."""
    shown = {r.record_no: r.values for r in records}
    return tx.records.add_prints(shown, folder.template_sha256, office.now(), office.account.name)


def register_print(office: Office, tx: Transaction, folder: FormFolder, record: Record) -> int:
    """Write down a print of a record with the values it shows; returns the print's number."""
    return register_prints(office, tx, folder, [record])[record.record_no]


def register_sheet_print(
    office: Office, tx: Transaction, folder: FormFolder, month: str, rows: Sequence[Record]
) -> int:
    """Write down a print of a register's sheets; returns the print's number."""
    snapshot = {r.record_no: r.values for r in rows}
    subject = sheet_subject(folder.form.code, month)
    numbers = tx.records.add_prints({subject: snapshot}, folder.template_sha256, office.now(), office.account.name)
    return numbers[subject]


class Written(NamedTuple):
    """The files of a paper; None for one that was not made."""

    docx: Path | None
    pdf: Path | None

    @property
    def by_name(self) -> dict[str, Path]:
        """Return the files by the names they have in an object."""
        return {f"form.{kind}": path for kind, path in zip(("docx", "pdf"), self, strict=True) if path}


def write_papers(documents: Documents, papers: Sequence[Paper], out: Path, *, pdf: bool) -> dict[str, Written]:
    """Write papers into a folder; returns the files by subject."""
    make_dirs(out)
    write_files(out, ((f"{paper.subject}.docx", documents.docx(paper)) for paper in papers))
    made = [(paper, out / f"{paper.subject}.docx") for paper in papers]
    pdfs: Sequence[Path | None] = documents.pdfs(made, out) if pdf else [None] * len(made)
    return {paper.subject: Written(docx, made_pdf) for (paper, docx), made_pdf in zip(made, pdfs, strict=True)}
