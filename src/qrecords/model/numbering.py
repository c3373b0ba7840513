"""Record numbers, archive numbers and volume codes: format and parse (DA/T 13-2022; QS/PA758A clause 7).

record number   QR758-06A-2026-00123           form, edition, year, five digits per form and year
archive number  750-KJ·KF·06·2026·D5-0123      fonds, class, form, year, retention, item
volume code     750-KJ·KF·06·2026·D5-003       the same series, and the volume
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

FAMILY = "QR758"
RECORD_NO = re.compile(r"^(QR758-\d{2}[A-Z])-(\d{4})-(\d{5,})$")
ARCHIVE_NO = re.compile(r"^([^-]*)-(.*)·([^·-]+)·(\d{4})·D(\d+)-(\d+)$")
_SHORT_NO = re.compile(r"^(?:(?:QR758-)?(\d{2}[A-Z])-)?(\d{4})-(\d{1,9})$")
_RETENTION = re.compile(r"·D(\d+)-\d+$")
_OF_FORM = re.compile(r"^(QR758-\d{2}[A-Z])(?:-|$)")


@dataclass(frozen=True, slots=True)
class Series:
    """One class of the archive: a form's records of one year with one retention period."""

    fonds_no: str
    class_code: str
    form_number: str
    year: int
    retention_years: int

    def __str__(self) -> str:
        return f"{self.fonds_no}-{self.class_code}·{self.form_number}·{self.year}·D{self.retention_years}"

    def archive_no(self, number: int) -> str:
        """Return the archive number of the number-th item."""
        return f"{self}-{number:04d}"

    def volume_code(self, number: int) -> str:
        """Return the code of the number-th volume."""
        return f"{self}-{number:03d}"


def record_no(form_code: str, year: int, number: int) -> str:
    """Return the record number of the number-th record of a form and year."""
    return f"{form_code}-{year}-{number:05d}"


def parse_record_no(text: str) -> tuple[str, int, int]:
    """Return (form code, year, number); ValueError when the text is no record number."""
    found = RECORD_NO.match(text)
    if not found:
        raise ValueError(f"「{text}」不是记录编号，应为 QR758-06A-2026-00123 的样子")
    return found[1], int(found[2]), int(found[3])


def full_record_no(text: str, form_code: str = "") -> str:
    """Return the number a record is called by, in full: 06a-2026-12 or 06Ａ－２０２６－１２ is QR758-06A-2026-00012.

    With a form, 2026-12 will do too. What is no number stays as it is.
    """
    plain = re.sub(r"\s*[-\u2010-\u2015\u2212]\s*", "-", unicodedata.normalize("NFKC", text)).strip().upper()
    found = _SHORT_NO.match(plain)
    if found is None or not (found[1] or form_code):
        return plain
    code = f"{FAMILY}-{found[1]}" if found[1] else form_code
    return record_no(code, int(found[2]), int(found[3]))


def parse_archive_no(text: str) -> tuple[Series, str]:
    """Return (series, number as it is written); ValueError when the text is no archive number."""
    found = ARCHIVE_NO.match(text)
    if not found:
        raise ValueError(f"「{text}」不是档号，应为 750-KJ·KF·06·2026·D5-0123 的样子")
    return Series(found[1], found[2], found[3], int(found[4]), int(found[5])), found[6]


def retention_years(code: str) -> int:
    """Return the years an archive number or volume code says, 0 when it says none."""
    found = _RETENTION.search(code)
    return int(found[1]) if found else 0


def form_named(text: str) -> str:
    """Return the form code a form, a register's month or a record is called by; empty when it is none of these."""
    found = _OF_FORM.match(text)
    return found[1] if found else ""


def file_safe(code: str) -> str:
    """Return a code as a file name may carry it: `·` written as a point."""
    return code.replace("·", ".")


def gaps(numbers: list[int]) -> list[int]:
    """Return the numbers missing below the highest one."""
    return sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
