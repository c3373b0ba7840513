"""What people read off paper: rows in the order of their dates, heads of the log that can be typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate

from qrecords.model.audit import SHORTEST_HEAD, short_head, typed_head
from qrecords.office import Office
from qrecords.services.documents import Documents
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk


def test_a_head_on_paper_is_short_and_can_be_typed() -> None:
    head = "0123456789abcdef" * 4
    assert short_head(head) == "0123 4567 89ab cdef"
    assert typed_head(short_head(head)) == head[:SHORTEST_HEAD]


def test_the_rows_of_a_sheet_stand_in_the_order_of_their_dates(
    office: Office, sample: Callable[..., dict[str, Any]], write: Callable[..., Path], tmp_path: Path
) -> None:
    days = ["2025-03-20", "2025-03-05", "2025-03-11"]
    rows = [sample("10A", received_on=day, closed_on=None, handling_result=None, serial_no=f"S{day}") for day in days]
    made = [r.record_no for r in fill(office, "10A", [on_disk(write(rows))]).records]
    with office.register.read() as tx:
        records = tx.records.many(made)
    documents, folder = Documents(office), office.forms.get("10A")
    path = tmp_path / "sheet.docx"
    path.write_bytes(documents.docx(documents.sheet_paper(folder, "2025-03", records, 1)))
    text = "\n".join(c.text for row in DocxTemplate(path).get_docx().tables[0].rows for c in row.cells)
    places = [text.index(made[n]) for n in (1, 2, 0)]
    assert places == sorted(places)
