"""A register's row longer than a page names its number again on the pages it goes on over."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qrecords.render.continued import _Numbers
from qrecords.render.finish import finish_pdf
from qrecords.render.pdf import Converter
from tests.forms_at_three_fills import CATALOGUE, CODES, document, words
from tests.pdfa import faults

pytestmark = pytest.mark.office

REGISTERS = [code for code in CODES if CATALOGUE.get(code).form.is_register]
COLUMN = 45  # millimetres from the left: the column of numbers ends before
LINE = 2.5  # two words on one line differ by less


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all registers as full as they get."""
    folder = tmp_path_factory.mktemp("registers")
    for code in REGISTERS:
        (folder / f"{code}.docx").write_bytes(document(code, "extreme"))
    Converter(soffice="", workers=1, seconds_per_file=120).convert(sorted(folder.glob("*.docx")), folder)
    for code in REGISTERS:
        pdf = folder / f"{code}.pdf"
        when = datetime(2025, 4, 1, tzinfo=UTC)
        finish_pdf(
            pdf,
            pdf,
            print_id=f"{CATALOGUE.get(code).form.code}-2025-03/1",
            title="示例",
            created=when,
            repeat_numbers=True,
        )
    return folder


@pytest.mark.parametrize("code", REGISTERS)
def test_every_page_begins_with_the_number_of_its_row(code: str, made: Path) -> None:
    """The number stands on the page itself, or again above what is left of the row."""
    found = words(made / f"{code}.pdf")
    pages = {w.page for w in found}
    labels = set(" ".join(f.label for f in CATALOGUE.get(code).form.fields).split()) | {"记录编号"}
    number, repeated = "", 0
    for page in sorted(pages):
        here = [w for w in found if w.page == page]
        middle = next(w.top for w in here if w.text == "记录编号")
        foot = max(w.bottom for w in here if w.text in labels and w.top < middle + 10)
        rows = [w for w in here if w.top > foot]
        first = [w for w in rows if w.top < min(r.top for r in rows) + LINE]
        column = [w.text for w in rows if w.left < COLUMN]
        if not any("以下空白" in w.text for w in first):
            aside = "".join(w.text for w in first if w.left < COLUMN)
            assert aside, f"page {page} begins without a number"
            if again := re.fullmatch(r"2025(\d{5})", aside):
                assert again[1] == number, page
                repeated += 1
        numbers = re.findall(r"2025-(\d{5})", " ".join(column))
        number = numbers[-1] if numbers else number
    assert repeated, "no row goes on over a page: the test shows nothing"


@pytest.mark.parametrize("code", REGISTERS)
def test_the_paper_is_still_what_is_kept(code: str, made: Path) -> None:
    assert faults(made / f"{code}.pdf") == []


LINES = {
    "on one page": (["43内部", "QR758-02A-", "2026-00043"], "2026-00043"),
    "a soft hyphen": (["43内部", "QR758-02A\u0002", "2026-00043"], "2026-00043"),
    "a code without an edition": (["43内部", "KF758-HF-", "2026-00043"], "2026-00043"),
    "a code of three parts, on three lines": (["43内部", "A.B-XY758-", "06A-2026-", "00043"], "2026-00043"),
    "in one piece": (["43", "QR758-02A-2026-00043"], "2026-00043"),
    "parted by the page's end": (
        ["42内部", "QR758-02A-", "2026-00042", "43内部★", "QR758-02A-", "2026-00043"],
        "2026-00043",
    ),
    "not read yet": (["42内部", "QR758-02A-", "2026-00042", "43内部"], ""),
    "half of it read": (["42内部", "QR758-02A-", "2026-00042", "43机密", "QR758-02A-"], ""),
    "another number in the column": (["42内部", "QR758-02A-", "2026-00042", "2025-00001"], "2026-00042"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_number_counts_when_all_of_it_was_read(what: str) -> None:
    lines, last = LINES[what]
    numbers = _Numbers()
    for line in lines:
        numbers.read(line)
    assert numbers.last == last
