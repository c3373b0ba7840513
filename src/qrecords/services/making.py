"""The one way the office makes a document: a template filled, as a Word file, as PDF, finished.

What differs is data: which template, what it says, which code it carries, which title and date its PDF has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.render.code import code_png
from qrecords.render.docx import Template
from qrecords.render.pdfmeta import Meta
from qrecords.render.workfolder import work_folder
from qrecords.services.filekinds import kind_of
from qrecords.stores.durable import make_dirs, write_file

if TYPE_CHECKING:
    from qrecords.render.pdf import OnDone

SUFFIXES = (".docx", ".pdf")  # of a document as a file


@dataclass(frozen=True, slots=True)
class Filling:
    """What a document is made of: its file without ending, its template, what it says, the text of its code, if any.

    With `meta` its PDF is finished: title, number and date inside, nothing LibreOffice left behind.
    """

    stem: str
    template: Path
    context: Mapping[str, Any]
    code: str = ""
    meta: Meta | None = None


def filled(template: Template, context: Mapping[str, Any], code: str = "") -> bytes:
    """Return a template filled, as a Word document; InvalidInput when a tag of it has no value."""
    return template.render(context, code_png(code) if code else None)


def write_word(filling: Filling, folder: Path) -> Path:
    """Write STEM.docx into a folder, made where it is missing, and return it."""
    make_dirs(folder)
    path = folder / f"{filling.stem}.docx"
    write_file(path, filled(Template.load(filling.template), filling.context, filling.code))
    return path


def make(office: Office, fillings: Sequence[Filling], folder: Path) -> list[Path]:
    """Write STEM.docx and STEM.pdf of each into a folder, in one start of LibreOffice; returns the PDFs."""
    pdfs = to_pdf(office, [write_word(filling, folder) for filling in fillings], folder)
    for filling, pdf in zip(fillings, pdfs, strict=True):
        finish(pdf, filling.meta)
    return pdfs


def filled_file(
    office: Office, template: str, context: Mapping[str, Any], name: str, *, title: str, of_form: str = ""
) -> bytes:
    """Return a template beside the forms, or in the folder of one, filled, as Word or PDF by the name of the file.

    Whoever gives it out logs it before: nothing leaves without a trace.
    """
    path = office.forms.get(of_form).path / template if of_form else office.forms.house(template)
    filling = Filling("document", path, context)
    if PurePath(name).suffix.lower() != ".pdf":
        return filled(Template.load(filling.template), context)
    with work_folder() as folder:
        meta = Meta(title, PurePath(name).stem, office.clock())
        (pdf,) = make(office, [replace(filling, meta=meta)], folder)
        return pdf.read_bytes()


def sheet_of_record(
    office: Office, record_no: str, sheet: str, template: str, context: Mapping[str, Any], name: str, *, title: str,
    of_form: str = "",
) -> bytes:  # fmt: skip
    """Return a filled sheet made of a record the account may print, as Word or PDF by its name; the log tells of it."""
    kind = kind_of(name, SUFFIXES)
    data = filled_file(office, template, context, name, title=f"{title} {record_no}", of_form=of_form)
    detail = {"sheet": sheet, "kind": kind, "sha256": hashlib.sha256(data).hexdigest()}
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.PRINT, record_no, **detail)])
    return data


def finish(pdf: Path, meta: Meta | None) -> None:
    """Finish a PDF where it lies, when something is to stand inside of it."""
    if meta is not None:
        from qrecords.render.volume import cut  # takes time, and filling in makes no PDF

        cut(pdf, pdf, meta=meta)


def to_pdf(office: Office, documents: Sequence[Path], folder: Path, on_done: OnDone | None = None) -> list[Path]:
    """Write STEM.pdf of each document into a folder and return them; `on_done` gets each; errors as the converter's."""
    from qrecords.render.pdf import Converter  # takes time, and filling in makes no PDF

    settings = office.settings.pdf
    converter = Converter(
        soffice=settings.soffice, workers=settings.workers, seconds_per_file=settings.seconds_per_file
    )
    return converter.convert(documents, folder, on_done)
