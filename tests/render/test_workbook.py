"""The one writer of workbooks, read back by calamine, openpyxl and LibreOffice."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from qrecords.model.neutral import neutral
from qrecords.render.listbooks import printed_list
from qrecords.render.workbook import (
    BOXED,
    FORMULA_SIGNS,
    TEXT,
    Cell,
    Check,
    Column,
    Look,
    Page,
    Row,
    Sheet,
    as_stored,
    workbook,
)
from tests.spreadsheets import saved_by_libreoffice, seen

MADE = datetime(2026, 3, 4, 15, 20, tzinfo=UTC)
ODD = [f"{sign}1+1" for sign in FORMULA_SIGNS] + ["00012", "2026-03-04", "1/2", "TRUE", " 前后有空格 ", "多\n行"]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(*sheets: Sheet, **more: Any) -> Path:
        path = tmp_path / "book.xlsx"
        path.write_bytes(workbook(sheets, **more))
        return path

    return write


def of(texts: Sequence[str], text: Callable[[str], str] = neutral) -> Sheet:
    rows = [Row([one], Look(number_format=TEXT)) for one in texts]
    return Sheet("表", [Column(20)], rows, text=text)


@pytest.mark.parametrize("text", [neutral, as_stored])
def test_every_text_stays_the_text_it_is(written: Callable[..., Path], text: Callable[[str], str]) -> None:
    path, texts = written(of(ODD, text)), [*map(text, ODD)]
    assert [row[0].replace("\r", "\n") for row in seen(path)] == [one.replace("\r", "\n") for one in texts]
    cells = [row[0] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows()]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.quotePrefix for cell in cells] == [one.startswith(FORMULA_SIGNS) for one in texts]


@pytest.mark.office
def test_a_text_stays_one_when_libreoffice_saves_the_book(written: Callable[..., Path], tmp_path: Path) -> None:
    texts = [one for one in ODD if "\r" not in one]
    path = saved_by_libreoffice(written(of(texts)), tmp_path)
    assert [row[0] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()] == texts
    assert {row[0].data_type for row in openpyxl.load_workbook(path).worksheets[0].iter_rows()} == {"s"}


def test_odd_characters_are_shown_or_left_as_they_are(written: Callable[..., Path]) -> None:
    assert seen(written(of(["a\x1bb\u202e"]))) == [["a␛b⟨U+202E⟩"]]
    assert seen(written(of(["a\x1bb\u202e\ud800"], as_stored))) == [["ab\u202e"]], "what no XML can hold goes"
    assert len(seen(written(of(["长" * 40_000])))[0][0]) == 32_767


def test_numbers_and_days_are_typed_and_nothing_is_left_out(written: Callable[..., Path]) -> None:
    day = Cell(date(2026, 3, 4), Look(number_format="yyyy-mm-dd"))
    path = written(Sheet("表", [], [Row([1, 2.5, day, None, "", "末"])]))
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python() == [
        [1.0, 2.5, date(2026, 3, 4), "", "", "末"]
    ]


def test_the_same_list_gives_the_same_bytes() -> None:
    lists = []
    for _ in range(2):
        lists.append(printed_list("目录 A/B", [("序号", 6), ("题名", 30)], [[1, "=甲"]], MADE))
        time.sleep(2.1)  # the times of a zip have two seconds
    assert lists[0] == lists[1]
    book = openpyxl.load_workbook(io.BytesIO(lists[0]))
    assert (book.properties.created, book.properties.modified) == (MADE.replace(tzinfo=None),) * 2
    assert book.properties.title == "目录 A/B"
    assert book.sheetnames == ["目录 AB"]


def test_without_a_moment_none_is_named() -> None:
    """An empty input workbook got twice is the same file, whenever it is asked for."""
    with zipfile.ZipFile(io.BytesIO(workbook([Sheet("单", [Column(20)], [])]))) as book:
        assert b"dcterms:" not in book.read("docProps/core.xml").replace(b"xmlns:dcterms", b"")


def test_a_sheet_is_laid_out_as_it_is_described(written: Callable[..., Path]) -> None:
    check = Check("B2:B9", "list", "choices", title="「甲」不对", message="请从下拉列表里选。", refuse=False)
    main = Sheet(
        "主表",
        [Column(30), Column(12, Look(number_format=TEXT))],
        [Row(["题"], Look(size=14, bold=True), height=40, joined=True), Row([Cell("头", Look(lines=BOXED), "说明")])],
        freeze="B2",
        page=Page("A3", head_rows=2, fit_width=True, header="甲&乙"),
        checks=[check],
        grid=False,
    )
    hidden = Sheet("选项", [], [Row(["是"]), Row(["否"])], hidden=True)
    book = openpyxl.load_workbook(written(hidden, main, names={"choices": ("选项", "$A$1:$A$2")}, active=1))
    sheet: Any = book["主表"]
    assert (book.active, book["选项"].sheet_state) == (sheet, "hidden")
    assert book.defined_names["choices"].attr_text == "'选项'!$A$1:$A$2"
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.page_setup.paperSize) == ("B2", "$1:$2", 8)
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.oddHeader.center.text == "甲&&乙", "an & of the name is no mark of the header's"
    assert [str(r) for r in sheet.merged_cells.ranges] == ["A1:B1"]
    assert (sheet.row_dimensions[1].height, sheet.column_dimensions["A"].width) == (40, 30)
    assert sheet.column_dimensions["B"].number_format == TEXT
    assert (sheet["A1"].font.sz, sheet["A2"].border.left.style, sheet["A2"].comment.text) == (14, "thin", "说明")
    (validation,) = sheet.data_validations.dataValidation
    assert (validation.formula1, str(validation.sqref), validation.showErrorMessage) == ("choices", "B2:B9", False)
    assert not sheet.sheet_view.showGridLines


def test_no_other_module_makes_a_workbook() -> None:
    ours = Path(workbook.__code__.co_filename).parents[1]
    making = [p.name for p in ours.rglob("*.py") if "Workbook(" in p.read_text(encoding="utf-8")]
    assert making == ["workbook.py"]
