"""What a list says of past paper records, checked row by row before any is taken in (QS/PA758A 5.11.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from qrecords.advice import advise
from qrecords.errors import InvalidInput, Problem, QRecordsError
from qrecords.model import values as parsing
from qrecords.model.form import Form
from qrecords.model.numbering import RECORD_NO, parse_record_no
from qrecords.model.record import Attached, Record, State, record_year
from qrecords.office import Office
from qrecords.render.fonts import uncovered
from qrecords.scanning.reader import PageRead, read_file, require_file
from qrecords.services.checking import derived
from qrecords.services.door import LARGEST, require_harmless
from qrecords.services.scans.attach import PAGES, safe_name
from qrecords.stores.inputs import file_sha256
from qrecords.stores.inputs.paperlist import PaperRow

NO_NUMBER = "无编号"
_BETWEEN = re.compile(r"[;；、|\n]+")


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a paper: the file, what it is kept as, and pictures of its pages in the step's work folder."""

    path: Path
    attached: Attached
    pages: tuple[PageRead, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A past record that may come in with its scans; its number is empty when one must be drawn."""

    row: PaperRow
    record: Record
    scans: tuple[Scan, ...]

    @property
    def key(self) -> str:
        """Return what makes it the same paper when it comes a second time."""
        facts = (
            self.record.form_code,
            self.record.paper_no,
            self.record.date,
            *(s.attached.sha256 for s in self.scans),
        )
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def paper_of(office: Office, row: PaperRow, folder: Path, work: Path) -> tuple[Paper | None, list[Problem]]:
    """Return one past record with its scans read, or every reason why it cannot come in."""
    problems: list[Problem] = []
    form = _form(office, row, problems)
    scans = _scans(row, folder, work, problems)
    record = _record(office, form, row, problems) if form else None
    placed = [p.at(row.source, row.row) for p in problems]
    if problems or record is None:
        return None, placed
    return Paper(row, record, tuple(scans)), []


def _form(office: Office, row: PaperRow, problems: list[Problem]) -> Form | None:
    named = str(row.own.get("form", "")).strip() or office.form_codes.form_named(_number(row))
    if not named:
        problems.append(Problem("没有写「表式」，编号里也看不出；请写如 06A", "form"))
        return None
    try:
        return office.forms.get(named).form
    except QRecordsError as error:
        problems.append(Problem(error.told, "form"))
        return None


def _number(row: PaperRow) -> str:
    try:
        return " ".join(parsing.parse_text(row.own.get("paper_no", ""), 100).split())
    except ValueError:
        return ""


def _record(office: Office, form: Form, row: PaperRow, problems: list[Problem]) -> Record | None:
    unit = {"customer_unit": row.own["customer_unit"]} if "customer_unit" in row.own else {}
    checked = form.check(unit | row.fields, as_it_was=True)
    problems += checked.problems
    values = dict(checked.values)
    if day := _day(office, form, row, values, problems):
        values[form.date_field] = values.get(form.date_field) or day
    secrecy = form.by_key.get("secrecy_level")
    if secrecy and secrecy.default is not None:
        values.setdefault("secrecy_level", secrecy.default)
    number = _number(row)
    own = number.upper() if RECORD_NO.match(number.upper()) else ""
    if own and day and parse_record_no(own)[:2] != (form.code, int(day[:4])):
        problems.append(Problem(f"编号 {own} 与表式 {form.code}、日期 {day} 不符；请核对", "paper_no"))
    title = _title(form, row, values, problems)
    if problems or not day:
        return None
    ordered = {f.key: values[f.key] for f in form.fields if f.key in values}
    record = Record(
        record_no=own, form_code=form.code, year=int(day[:4]), state=State.FILED, values=ordered,
        created_at=office.now(), created_by=office.account.name, paper_no=number or NO_NUMBER,
        **derived(form, ordered) | {"title": title},
    )  # fmt: skip
    return replace(record, record_year=record_year(form, record))


def _day(office: Office, form: Form, row: PaperRow, values: Mapping[str, Any], problems: list[Problem]) -> str:
    """Return the day of a record: the list's, which must agree with the form's own field when both are written."""
    given = row.own.get("date", "")
    in_form = str(values.get(form.date_field, ""))[:10]
    try:
        # A workbook gives a moment for what is shown as a day.
        day = parsing.parse_date(given.date() if isinstance(given, datetime) else given) if given != "" else in_form
    except ValueError as error:
        problems.append(Problem(f"「日期」{error}", "date"))
        return ""
    if not day:
        problems.append(Problem(f"没有写「日期」（{form.label(form.date_field)}）", "date"))
    elif in_form and in_form != day:
        problems.append(Problem(f"「日期」{day} 与「{form.label(form.date_field)}」{in_form} 不一致；请核对", "date"))
    elif day > office.today():
        problems.append(Problem(f"「日期」{day} 还没有到；请核对", "date"))
    return day


def _title(form: Form, row: PaperRow, values: Mapping[str, Any], problems: list[Problem]) -> str:
    try:
        title = " ".join(parsing.parse_text(row.own.get("title", ""), 300).split()) or form.title_of(values)
    except ValueError as error:
        problems.append(Problem(f"「题名」{error}", "title"))
        return ""
    if not title:
        problems.append(Problem("没有写「题名」，表上的栏目里也没有可作题名的", "title"))
    if bad := uncovered(title + str(values.get("customer_unit", ""))):
        problems.append(Problem(f"「题名」有字库里没有的字：{'、'.join(bad[:5])}，请换用规范字", "title"))
    return title


def _scans(row: PaperRow, folder: Path, work: Path, problems: list[Problem]) -> list[Scan]:
    written = row.own.get("scans", "")
    names = [str(n) for n in written] if isinstance(written, list) else _BETWEEN.split(str(written))
    scans: list[Scan] = []
    for number, name in enumerate(filter(None, map(str.strip, names)), start=1):
        try:
            path = _beside(folder, name)
            pages = _pages(path, work / f"{number:03d}")
        except InvalidInput as error:
            problems.append(Problem(advise("扫描件「{}」：{}", name, error.told), "scans"))
            continue
        attached = Attached("sheet", safe_name(path.name), file_sha256(path), len(pages))
        scans.append(Scan(path, attached, pages))
    if not scans and not any(p.field == "scans" for p in problems):
        problems.append(Problem("没有写「扫描件」；请写清单旁边的文件名，几个的用分号隔开", "scans"))
    return scans


def _beside(folder: Path, name: str) -> Path:
    """Return a file that lies beside the list or below; nothing elsewhere is opened."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInput("不在清单旁边", remedy="请把它放在清单的文件夹里")
    if path.suffix.lower() not in PAGES:
        raise InvalidInput("不是扫描件", remedy="请用 PDF、JPEG、PNG 或 TIFF 文件")
    if path.is_file() and path.stat().st_size > LARGEST:
        raise InvalidInput(f"超过 {LARGEST >> 20} MB", remedy="请降低扫描分辨率（200 dpi 已够），或分成几个文件")
    return path


def _pages(path: Path, work: Path) -> tuple[PageRead, ...]:
    require_file(path)
    require_harmless(path)
    return read_file(path, work).pages


def wrong_together(papers: Sequence[Paper], taken: Mapping[str, str]) -> Iterator[tuple[Paper, Problem]]:
    """Give what is wrong with papers beside each other: one number twice, or one that is in use.

    `taken` names, of the numbers asked for, those that other records have, with what they are.
    """
    seen: dict[str, int] = {}
    for paper in papers:
        number = paper.record.record_no or (paper.record.paper_no if paper.record.paper_no != NO_NUMBER else "")
        if not number:
            continue
        where = (paper.row.source, paper.row.row)
        if number in seen:
            yield paper, Problem(f"编号 {number} 与第{seen[number]}行相同；请核对", "paper_no").at(*where)
        elif number in taken:
            yield paper, Problem(f"编号 {number} {taken[number]}；请核对", "paper_no").at(*where)
        seen.setdefault(number, paper.row.row)
