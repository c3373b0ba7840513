"""The input workbook of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qrecords.errors import NotFound
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.render.inputbook import input_workbook
from qrecords.services.filekinds import kind_of

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


def begun_file(office: Office, form: Form, begun: Mapping[str, Any], name: str) -> bytes:
    """Return the input workbook of a form with values in it, which people go on with; by the name of the file."""
    kind_of(name, (SUFFIX,))
    return input_workbook(form, {}, words=office.words, begun=begun)


def form_to_begin(office: Office, number: str, called: str) -> Form:
    """Return the form of a number in its newest edition; NotFound says what is not there as it is called."""
    found = office.forms.numbered(number)
    if not found:
        raise NotFound(f"没有{called}的表式", remedy="请用本版的 forms/KF758 补上这个系列")
    return found[-1].form
