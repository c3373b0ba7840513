"""The page a draft would print, before it is a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.checking import derived
from qrecords.services.documents import Documents
from qrecords.services.making import to_pdf
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import GivenFile

NUMBER = "PREVIEW"  # what its code says: no record has it, so a scan of a preview finds none
NO_NUMBER = "预览（未编号）"


def preview(office: Office, form_code: str, values: Mapping[str, Any], template: GivenFile | None = None) -> bytes:
    """Return the PDF of values as stored, with no number and no print taken; MissingProgram without LibreOffice.

    `template` stands for the form's own. InvalidInput when it is none.
    """
    folder = office.forms.get(form_code)
    if template is not None:
        with template.lent() as path:
            folder = FormFolder(folder.form, folder.path, path)
            _ = folder.template_bytes  # read while it is lent, kept from then on
    documents = Documents(office)
    dated = {**values, folder.form.date_field: values.get(folder.form.date_field) or office.today()}
    known = derived(folder.form, dated)
    record = Record(NUMBER, folder.form.code, 0, State.DRAFT, dict(values), created_at="", created_by="", **known)
    if folder.form.is_register:
        paper = documents.sheet_paper(folder, record.month, [record], 1)
    else:
        paper = documents.record_paper(folder, record, 1)
        paper = replace(paper, context={**paper.context, "record_no": NO_NUMBER})
    with TemporaryDirectory(prefix="qrecords-preview-") as name:
        docx = Path(name) / "preview.docx"
        docx.write_bytes(documents.docx(paper))
        (made,) = to_pdf(office, [docx], Path(name) / "pdf")
        return made.read_bytes()
