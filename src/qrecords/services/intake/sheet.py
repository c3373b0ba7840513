"""The input workbook of a form."""

from __future__ import annotations

from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.render.inputbook import input_workbook

SUFFIX = ".xlsx"


def sheet_name(form: Form) -> str:
    """Return what the workbook of a form is called unless someone calls it otherwise."""
    return f"{form.code} {form.title}{SUFFIX}".replace("/", "")


def sheet_file(office: Office, code: str) -> bytes:
    """Return the input workbook of a form."""
    folder = office.forms.get(code)
    # What does not fit the form any more is left out of the example; `forms check` tells of it.
    example = folder.form.check(folder.sample()).values
    return input_workbook(folder.form, example, words=office.words)
