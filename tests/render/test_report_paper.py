"""Tables of a report on paper: words get the room they need, and no number is parted at a line's end."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from qrecords.render.docx import Template
from qrecords.render.joins import JOINER, MAY_END
from qrecords.render.pdf import Converter
from qrecords.render.reportpaper import Grid, Words, report_docx
from qrecords.services.reports.papers import table_grid
from tests.conftest import CHECKOUT

LEDGER = ("记录编号", "日期时间", "用户单位", "内容", "措施", "状态")
ROWS = tuple(
    (f"QR758-04A-2025-0000{n}", "2025-06-02 17:10", "示例海军三队", "现场维修：SL-450、SL-210。", "请复核设计。" * 12, "已办结")
    for n in range(1, 6)
)  # fmt: skip


def lines_of(text: str, share: float, unit: float) -> int:
    """Return how many lines a text takes at the least."""
    return -(-sum(2 if ord(c) > 0x2E80 else 1 for c in text) // int(share * unit - 2))


def test_a_column_of_long_words_is_wider_than_one_of_short_ones() -> None:
    grid = table_grid(LEDGER, ROWS)
    tallest = [max(lines_of(cell, share, 1) for cell, share in zip(row, grid.shares, strict=True)) for row in ROWS]
    assert grid.shares[4] > 2 * grid.shares[3] > 0, "the measures are the longest by far"
    assert max(tallest) <= 6, "with the same room for each the measures took ten lines"


@pytest.mark.office
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed")
@pytest.mark.parametrize("across", range(1150, 2100, 150))
def test_no_number_or_time_is_parted(across: int, tmp_path: Path) -> None:
    """However narrow its column: a template of reports calls its Latin text Chinese, which LibreOffice parts anywhere."""
    widths = (2400.0, float(across), 1500.0, float(across), 500.0, 4900.0 - 2 * across)
    grid = Grid(LEDGER, tuple((*row[:4], "/", "/") for row in ROWS), shares=widths, words=(1, 2, 3, 4, 5), small=True)
    template = Template.load(CHECKOUT / "forms" / "KF" / "report.docx")
    (tmp_path / "a.docx").write_bytes(report_docx(template, dict.fromkeys(template.tags(), ""), [grid]))
    pdf = Converter().convert([tmp_path / "a.docx"], tmp_path)[0]
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True, text=True).stdout
    assert JOINER not in text and MAY_END not in text
    words = text.replace("、", " ").replace("：", " ").replace("。", " ").split()
    for whole in ("SL-450", "SL-210", "2025-06-02", "17:10"):
        assert words.count(whole) == len(ROWS), whole


@pytest.mark.office
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed")
@pytest.mark.parametrize("before", range(25, 34))
def test_a_note_stands_on_the_page_its_table_ends_on(before: int, tmp_path: Path) -> None:
    """Wherever the page ends: a small table goes over it whole, its title with it."""
    filling = Grid(("甲", "乙"), tuple(("示例", str(n)) for n in range(before)))
    noted = Grid(("丙", "丁"), tuple((f"行{n}末", "0") for n in range(1, 5)), noted=True)
    body = [filling, Words(("表一",), "Band", keep=True), noted, Words(("注：示例说明",), "Small", of_table=True)]
    template = Template.load(CHECKOUT / "forms" / "KF" / "report.docx")
    (tmp_path / "a.docx").write_bytes(report_docx(template, dict.fromkeys(template.tags(), ""), body))
    pdf = Converter().convert([tmp_path / "a.docx"], tmp_path)[0]
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True, text=True).stdout
    (page,) = [one for one in text.split("\f") if "示例说明" in one]
    assert [word for word in ("表一", "行1末", "行4末") if word not in page] == []
