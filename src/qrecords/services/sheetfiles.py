"""One sheet for people: a template filled, as Word or as PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.render.pdfmeta import Meta
from qrecords.render.workfolder import work_folder
from qrecords.services.making import Filling, filled, make

SUFFIXES = (".docx", ".pdf")


def filled_sheet(office: Office, template: str, context: Mapping[str, Any], name: str, *, title: str) -> bytes:
    """Return a template beside the forms filled, as Word or PDF by the name of the file it is for.

    Whoever gives it out logs it before: nothing leaves without a trace.
    """
    sheet = Filling("sheet", office.forms.house(template), context)
    if PurePath(name).suffix.lower() != ".pdf":
        return filled(Template.load(sheet.template), context)
    with work_folder() as folder:
        meta = Meta(title, PurePath(name).stem, office.clock())
        (pdf,) = make(office, [replace(sheet, meta=meta)], folder)
        return pdf.read_bytes()
