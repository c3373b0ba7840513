"""Native charts: the numbers of the table on a sheet, and the program's chart bound to them; read back by openpyxl."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from qrecords.render.charts.chart import Kind, Role
from qrecords.render.charts.native import chart_sheet
from qrecords.render.workbook import workbook
from tests.render.chart_samples import SAMPLES, row


def made() -> bytes:
    return workbook([chart_sheet(chart, kind) for kind, chart in SAMPLES.items()], made=datetime(2026, 3, 4))


@pytest.fixture(scope="module")
def book() -> Any:
    return openpyxl.load_workbook(io.BytesIO(made()))


def test_the_same_charts_give_the_same_bytes() -> None:
    assert made() == made()


def test_every_chart_is_bound_to_the_cells_of_its_sheet(book: Any) -> None:
    kinds = {}
    for kind, chart in SAMPLES.items():
        (native,) = book[kind]._charts
        kinds[kind.value] = native.tagname
        bound = [s for one in native._charts for s in one.series]
        assert len(bound) == sum(s.role is not Role.FIGURE for s in chart.series)
        for series in bound:
            cells = [cell.value for (cell,) in book[kind][series.val.numRef.f.split("!")[1].replace("$", "")]]
            label = book[kind][series.tx.strRef.f.split("!")[1].replace("$", "")].value
            source = next(s for s in chart.series if s.label == label)
            expected = source.values * (len(chart.categories) if source.role is Role.LEVEL else 1)
            assert cells == [None if v.number is None else float(v.number) for v in expected]
            categories = series.cat.numRef.f.split("!")[1].replace("$", "")
            assert tuple(cell.value for (cell,) in book[kind][categories]) == chart.categories
    assert kinds == {
        "C1": "barChart", "C2": "barChart", "C3": "barChart", "C4": "barChart", "C5": "radarChart", "C6": "lineChart",
        "C7": "barChart", "C8": "barChart",
    }  # fmt: skip


def test_numbers_are_numbers_printed_as_in_the_table(book: Any) -> None:
    shares = book["C3"]["C5"]
    assert (shares.value, shares.number_format) == (72.9, '0.0"%"')
    assert (book["C1"]["B4"].value, book["C1"]["B4"].number_format) == (3, "0")
    missing = book["C1"]["C10"]
    assert (missing.value, missing.comment.text) == (None, "—")


def test_where_there_is_no_chart_the_sheet_says_why() -> None:
    few = replace(SAMPLES[Kind.SPREAD], n=3)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook([chart_sheet(few, "少")]))).active
    assert sheet._charts == []
    assert sheet["A2"].value == "单位：件，n＝3　样本少，不作图"


def test_an_axis_begins_at_nought_but_for_numbers_below_it() -> None:
    below = replace(SAMPLES[Kind.SPREAD], series=(row("增减", -4, 8, 0, 0, 2, 6),))
    packed = zipfile.ZipFile(io.BytesIO(workbook([chart_sheet(SAMPLES[Kind.SPREAD], "上"), chart_sheet(below, "下")])))
    above, under = (packed.read(f"xl/charts/chart{n}.xml").decode() for n in (1, 2))
    assert '<min val="0"' in above
    assert '<min val="0"' not in under
