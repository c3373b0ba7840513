"""One sheet for people: a template filled, as Word or as PDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import cut
from qrecords.render.workfolder import work_folder
from qrecords.services.converting import to_pdf

SUFFIXES = (".docx", ".pdf")


def filled_sheet(office: Office, template: str, context: Mapping[str, Any], name: str, *, title: str) -> bytes:
    """Return a template beside the forms filled, as Word or PDF by the name of the file it is for.

    Whoever gives it out logs it before: nothing leaves without a trace.
    """
    made = Template.load(office.settings.forms_dir / template).render(context, None)
    if PurePath(name).suffix.lower() == ".pdf":
        with work_folder() as folder:
            docx = folder / "sheet.docx"
            docx.write_bytes(made)
            (pdf,) = to_pdf(office, [docx], folder)
            cut(pdf, pdf, meta=Meta(title, PurePath(name).stem, office.clock()))
            made = pdf.read_bytes()
    return made
