"""An office whose records of 2019 are over, for the tests of retention; made once, copied for each test.

    A, B   QR758-01A of 示例单位一 and 示例单位二, bound in VOLUME
    C      QR758-06A of 示例单位三, an item in no volume, corrected; its signed paper was scanned
    ROWS   a month of QR758-02A, an item in no volume

Every record holds the word WORD, though not in its title, and it must be nowhere once all is destroyed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from pypdf import PdfWriter

from qrecords.model.access import Account
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import making, steps
from qrecords.services.administer import init, open_office
from qrecords.services.correct import correct
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.file import file_months, file_records
from qrecords.services.intake.fill import fill
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.given import on_disk
from tests.conftest import FORMS
from tests.laid import laid

WORD = "蝾螈"
ZONE = timezone(timedelta(hours=8))
THEN, NOW = datetime(2020, 2, 3, 9, 0, tzinfo=ZONE), datetime(2026, 3, 4, 9, 30, tzinfo=ZONE)
LAST_DAY = "2024-12-31"
A, B = "QR758-01A-2019-00001", "QR758-01A-2019-00002"
C, NOTICE = "QR758-06A-2019-00001", "QR758-04A-2019-00001"
ROWS = ("QR758-02A-2019-00001", "QR758-02A-2019-00002")
MONTH = "2019-05"
VOLUME = "750-KJ·KF·01·2019·D5-001"
ITEM_A, ITEM_B, ITEM_C = "750-KJ·KF·01·2019·D5-0001", "750-KJ·KF·01·2019·D5-0002", "750-KJ·KF·06·2019·D5-0001"
ITEM_ROWS = "750-KJ·KF·02·2019·D5-0001"


def sample(form: str, **changes: Any) -> dict[str, Any]:
    """A form's sample, six years earlier."""
    text = (FORMS / form / "sample.json").read_text(encoding="utf-8").replace("2022-", "2016-").replace("2025", "2019")
    values = json.loads(text) | changes
    return {key: value for key, value in values.items() if value is not None}


def information(number: int, customer: str, **changes: Any) -> dict[str, Any]:
    """A record of 01A received in 2019 that is no complaint."""
    return sample(
        "01A",
        received_at=f"2019-03-0{number} 09:00",
        channel="电话",
        source_record_no=None,
        info_type=["咨询"],
        customer_unit=customer,
        customer_code=None,
        info_content=f"第{number}份。",
        reply_content=f"答复，{WORD}。",
        **changes,
    )


def filled(office: Office, form: str, *values: dict[str, Any]) -> list[str]:
    path = office.settings.root.parent / f"{form}-{len(values)}-{values[0].get('customer_unit')}.json"
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    made = [r.record_no for r in fill(office, form, [on_disk(path)]).records]
    path.unlink()
    return made


def reviewed(office: Office, *numbers: str) -> None:
    steps.submit(office, numbers)
    steps.review(office, numbers, opinion=f"同意，{WORD}", on="2019-12-31")


def sign(office: Office, number: str) -> None:
    """Let every signature the form asks for stand on the paper, which was scanned."""
    scan = office.settings.root.parent / "paper.pdf"
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(scan)
    scan.write_bytes(scan.read_bytes() + f"%{WORD}\n".encode())
    form = office.forms.get(number[:9]).form
    for need in form.steps["file"].signatures:
        steps.sign(office, [number], kind=need.any_of[0], by=f"签名{WORD}", on="2019-12-30", evidence=on_disk(scan))
    scan.unlink()


def call(number: int) -> dict[str, Any]:
    """A record of 02A of the month, closed."""
    changes = {
        "call_at": f"2019-05-0{number} 09:00",
        "closed_on": "2019-05-20",
        "user_need": f"第{number}个",
        "handling_result": f"答复，{WORD}",
    }
    return sample("02A", linked_record=None, **changes)


_CONVERT, _TO_PDF = Converter.convert, making.to_pdf


def on_paper(make: Callable[[], Path]) -> Any:
    """Make a folder once, on real paper where there is LibreOffice, whatever stands in for it in the test that is first.

    `__wrapped__` makes one of its own, on whatever paper there is.
    """

    @cache
    def made() -> Path:
        if shutil.which("soffice") is None:
            return make()
        with pytest.MonkeyPatch.context() as real:
            real.setattr(Converter, "convert", _CONVERT)
            real.setattr(making, "to_pdf", _TO_PDF)
            return make()

    made.__wrapped__ = make  # type: ignore[attr-defined]
    return made


@on_paper
def _base() -> Path:
    root = Path(mkdtemp(prefix="retained-")) / "office"
    with closing(init(root, clock=lambda: THEN, account_name="甲")):
        settings = root / "qrecords.toml"  # the office's clock jumps over years here
        settings.write_text(
            settings.read_text(encoding="utf-8").replace("longest_pause_days = 1100", "longest_pause_days = 0"),
            encoding="utf-8",
        )
    with closing(open_office(root, clock=lambda: THEN)) as office:
        filled(office, "01A", information(1, "示例单位一"), information(2, "示例单位二"))
        reviewed(office, A, B)
        file_records(office, [A, B])
        compile_year(office, 2019, form_code="01A")
        filled(office, "04A", sample("04A"))
        steps.issue(office, [NOTICE])
        filled(office, "06A", sample("06A", customer_unit="示例单位三", repair_action=f"处理，{WORD}"))
        sign(office, C)
        reviewed(office, C)
        file_records(office, [C])
        wrong = root.parent / "correction.json"
        wrong.write_text(json.dumps({"repair_action": f"更正，{WORD}"}), encoding="utf-8")
        correct(office, C, on_disk(wrong), reason="示例")
        filled(office, "02A", *(call(number) for number in (1, 2)))
        reviewed(office, *ROWS)
        file_months(office, "02A", [MONTH])
        office.outlines.titles()  # kept beside the index, as an office that was used has them
    return root


@dataclass
class People:
    """The office as different people open it, each by an account of his own; one register for all."""

    office: Office

    def __call__(self, name: str) -> Office:
        return replace(self.office, account=Account(name, name, f"uid-{name}"))

    def at(self, moment: datetime) -> People:
        """Return the same people with the clock at another moment."""
        return People(Office(replace(self.office.workspace, source=lambda: moment), self.office.account))

    @property
    def root(self) -> Path:
        return self.office.settings.root


@contextmanager
def opened(root: Path, clock: Callable[[], datetime] = lambda: NOW) -> Iterator[People]:
    office = open_office(root, clock=clock)
    people = People(office)
    try:
        yield people
    finally:
        office.close()


def copied(tmp_path: Path) -> Path:
    """Return the folder of a fresh copy of the office."""
    return laid(_base(), tmp_path / "office")


ALL = (VOLUME, C, ITEM_ROWS)
LIST_NO = "XH-2026-001"
TODAY = NOW.date().isoformat()


@on_paper
def _witnessed() -> Path:
    """The office with everything over on one list: drawn by 甲, approved by 乙, witnessed by 丙 and 丁."""
    root = copied(Path(mkdtemp(prefix="witnessed-")))
    with opened(root) as people:
        found = draw(people("甲"), ALL, "无继续保存价值")
        approve(people("乙"), found.list_no)
        for name in ("丙", "丁"):
            witness(people(name), found.list_no, found.sha256, TODAY)
    return root


def copied_witnessed(tmp_path: Path) -> Path:
    """Return the folder of a fresh copy of the office that waits for the execution of its list."""
    return laid(_witnessed(), tmp_path / "office")
