"""Under which fonds and class codes a form's records are archived (DA/T 13-2022; series.toml, qrecords.toml)."""

from __future__ import annotations

from qrecords.errors import InvalidInput
from qrecords.model.document import Document
from qrecords.model.form import Form
from qrecords.model.numbering import ArchiveClass
from qrecords.model.series import FormSeries
from qrecords.office import Office
from qrecords.stores.documentkinds import read_documents


def archive_class(office: Office, form: Form, year: int, years: int) -> ArchiveClass:
    """Return the class of a form's records of a year, kept for so many years.

    InvalidInput when two series share their codes: their archive numbers could not be told apart.
    """
    series = office.forms.series_of(form.code)
    mine = _codes(office, series)
    others = (other for other in office.forms.series() if other.code != series.code)
    if same := [other.code for other in others if _codes(office, other) == mine]:
        raise InvalidInput(
            f"系列 {series.code} 与 {'、'.join(same)} 的全宗号和类别代码都是 {mine[0]}-{mine[1]}，档号会分不开",
            remedy=f"请在 {series.code} 或 {same[0]} 的 series.toml 里写上自己的 class_code",
        )
    return ArchiveClass(*mine, form.number, year, years)


def _codes(office: Office, series: FormSeries) -> tuple[str, str]:
    codes = office.settings.office
    return series.fonds_no or codes.fonds_no, series.class_code or codes.class_code


def document_class(office: Office, document: Document, years: int) -> ArchiveClass:
    """Return the class of a document's kind and year; those of a branch have one of their own, by its short name."""
    series = read_documents(office.settings.forms_dir)
    kind = document.kind
    fonds_no, class_code = series.fonds_no or office.settings.office.fonds_no, series.class_code
    if document.branch:
        return ArchiveClass(fonds_no, f"{class_code}·{kind}", series.branches[document.branch], document.year, years)
    return ArchiveClass(fonds_no, class_code, kind, document.year, years)
