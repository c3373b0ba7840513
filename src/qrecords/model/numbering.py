"""Record numbers, archive numbers and volume codes: format and parse (DA/T 13-2022; QS/PA758A clause 7).

form code       QR758-06A                      series, form, edition (model/series.py)
record number   QR758-06A-2026-00123           form code, year, five digits per form and year
archive number  750-KJ·KF·06·2026·D5-0123      fonds, class, form, year, retention, item
volume code     750-KJ·KF·06·2026·D5-003       the same class, and the volume

A record number is known by its end; only one written in short asks which forms the office has (`FormCodes`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from qrecords.errors import InvalidInput

# A code has a hyphen within: SERIES-FORM. It stands in file names and in QR codes: capitals, digits, points, hyphens.
_CODE = r"[A-Z0-9.]+(?:-[A-Z0-9.]+)+"
RECORD_NO = re.compile(rf"^({_CODE})-(\d{{4}})-(\d{{5,}})$")
_WITHIN = re.compile(rf"(?<![A-Z0-9.-]){_CODE}-\d{{4}}-\d{{5,}}")
ARCHIVE_NO = re.compile(r"^([^-]*)-(.*)·([^·-]+)·(\d{4})·D(\d+)-(\d+)$")
_LONGEST = 100  # characters of a number: of a text without blanks only its end is looked through
_MONTH = re.compile(rf"^({_CODE})-\d{{4}}-\d{{2}}$")
_CALLED = re.compile(r"^(?:([A-Z0-9.-]+)-)?(\d{4})-(\d{1,9})$")
_WITH_CODE = re.compile(rf"^({_CODE})-(\d{{4}})-(\d{{1,9}})$")
_AT_HYPHEN = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
_BETWEEN = re.compile(r"[\s,;、，；。]+")
_SHORT_CODE = re.compile(r"\d{1,4}[A-Z]")
_RETENTION = re.compile(r"·D(\d+)-\d+$")
_EDITION = re.compile(r"(?<=\d)[A-Z]$")
FLOOR_YEARS = 5  # no class of the archive is kept for less (QS/PA758A clause 7)


@dataclass(frozen=True, slots=True)
class FormCodes:
    """The codes of the forms an office has; one in short (06A) is of the `main` series, or of the one that has it."""

    main: str = ""
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({form_key(code) for code in self.codes}) < len(self.codes):
            raise InvalidInput(
                f"表式编号 {'、'.join(_alike(self.codes))} 在检索库里分不开", remedy="请给后加的表式换一个编号"
            )

    def full(self, code: str) -> str:
        """Return a code in full; empty when it is no form's and not written like one of the main series."""
        wanted = code.strip().upper()
        if wanted in self.codes:
            return wanted
        if self.main and (_SHORT_CODE.fullmatch(wanted) or f"{self.main}-{wanted}" in self.codes):
            return f"{self.main}-{wanted}"
        others = [c for c in self.codes if c.rpartition("-")[2] == wanted]
        return others[0] if len(others) == 1 else ""

    def short(self, code: str) -> str:
        """Return a code as people call it: 06A for one of the main series, another in full."""
        return code.removeprefix(f"{self.main}-")

    def form_named(self, text: str) -> str:
        """Return the code a form, a register's month or a record is called by; empty when it is none of these."""
        if text in self.codes:
            return text
        found = RECORD_NO.match(text) or _MONTH.match(text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class ArchiveClass:
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


def _alike(codes: Iterable[str]) -> list[str]:
    keys = [form_key(code) for code in codes]
    return [code for code, key in zip(codes, keys, strict=True) if keys.count(key) > 1]


def record_no(form_code: str, year: int, number: int) -> str:
    """Return the record number of the number-th record of a form and year."""
    return f"{form_code}-{year}-{number:05d}"


def parse_record_no(text: str) -> tuple[str, int, int]:
    """Return (form code, year, number); ValueError when the text is no record number."""
    found = RECORD_NO.match(text)
    if not found:
        raise ValueError(f"「{text}」不是记录编号，应为「表式编号-四位年-五位数字」的样子")
    return found[1], int(found[2]), int(found[3])


def full_record_no(text: str, forms: FormCodes, form_code: str = "") -> str:
    """Return the number a record is called by, in full: 06a-2026-12 or 06Ａ－２０２６－１２ is QR758-06A-2026-00012.

    With a form, 2026-12 will do too. What is no number stays as it is.
    """
    plain = _as_called(text)
    found = _CALLED.match(plain)
    if found is None or not (code := forms.full(found[1]) if found[1] else form_code):
        return plain
    return record_no(code, int(found[2]), int(found[3]))


def parse_archive_no(text: str) -> tuple[ArchiveClass, str]:
    """Return (class, number as it is written); ValueError when the text is no archive number."""
    found = ARCHIVE_NO.match(text)
    if not found:
        raise ValueError(f"「{text}」不是档号，应为 750-KJ·KF·06·2026·D5-0123 的样子")
    return ArchiveClass(found[1], found[2], found[3], int(found[4]), int(found[5])), found[6]


def retention_years(code: str) -> int:
    """Return the years an archive number or volume code says, 0 when it says none."""
    found = _RETENTION.search(code)
    return int(found[1]) if found else 0


@lru_cache(maxsize=1024)
def without_edition(code: str) -> str:
    """Return the form of a code, whatever its edition: QR758-06 of QR758-06A."""
    return _EDITION.sub("", code)


def edition_of(code: str) -> str:
    """Return the edition a code names; empty for one without."""
    return code.removeprefix(without_edition(code))


@lru_cache(maxsize=1024)
def form_number(code: str) -> str:
    """Return what a form is called within its series: 06 of QR758-06A."""
    return without_edition(code).rpartition("-")[2]


def form_key(code: str) -> int:
    """Return 16 bits that tell a form from the others where there is no room for its code (`FormCodes` sees to it)."""
    return crc32(code.encode()) & 0xFFFF


def file_safe(code: str) -> str:
    """Return a code as a file name may carry it: `·` written as a point."""
    return code.replace("·", ".")


def gaps(numbers: list[int]) -> list[int]:
    """Return the numbers missing below the highest one."""
    return sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))


def numbers_told(text: str) -> tuple[str, ...]:
    """Return what a field that names records or documents names, as they are called: one number or several, by hand.

    Width, case, blanks at hyphens and leading zeros are forgiven (qr758-04a-2026-1); each word stands as it is, too.
    """
    plain = _as_called(text)
    words = [word for word in _BETWEEN.split(plain) if word]
    full = [f"{found[1]}-{found[2]}-{int(found[3]):05d}" for word in words if (found := _WITH_CODE.match(word))]
    return tuple(dict.fromkeys((*numbers_within(plain), *full, *words)))


def records_told(text: str) -> list[str]:
    """Return the record numbers that stand in it in full, each once, and words that are one in short (04A-2026-1)."""
    found = [*numbers_within(text)]
    alone = [number for number in found if not any(o != number and number.endswith(o) for o in found)]
    short = [
        word for word in numbers_told(text) if (one := _CALLED.match(word)) and _SHORT_CODE.fullmatch(one[1] or "")
    ]
    return [*dict.fromkeys(alone), *short]


def _as_called(text: str) -> str:
    """Return text with numbers as they are called: half-width capitals, plain hyphens without blanks."""
    return _AT_HYPHEN.sub("-", text if text.isascii() else unicodedata.normalize("NFKC", text)).strip().upper()


def numbers_within(text: str) -> Iterator[str]:
    """Give the record numbers a text may name: of NO.QR758-06A-2026-00123 also the one without what stands before."""
    for found in _WITHIN.findall(_as_called(text)):
        yield found
        for cut in re.finditer(r"[.-]", found):
            if len(found) - cut.end() <= _LONGEST and RECORD_NO.match(rest := found[cut.end() :]):
                yield rest
