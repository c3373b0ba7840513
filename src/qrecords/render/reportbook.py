"""A document's tables as a workbook: a sheet each, figures as numbers, and one of the records each figure counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from qrecords.model import runs
from qrecords.model.formats import DocumentJson, FigureJson
from qrecords.render.charts.chart import Chart, why_not
from qrecords.render.charts.native import chart_sheet
from qrecords.render.workbook import BODY, BOXED, HEAD, Cell, Column, Look, Page, Row, Sheet, Value, workbook

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BOXED, _RIGHT = Look(lines=BOXED), Look(lines=BOXED, across="center")
_LINKED = replace(_RIGHT, colour="1F4E79")
_TITLE = Look(size=14, bold=True)
DETAIL = "明细"
IN_CELL = 800  # spans of record numbers: a cell holds 32,767 characters
IN_CELL_WITH_REASON = 600


def tables_xlsx(held: DocumentJson, charts: Sequence[Chart], made: datetime, *, in_part: bool = False) -> bytes:
    """Return tables.xlsx, native charts in it; with the moment it was made, the same document gives the same bytes.

    `in_part`: its figures name only the records that whoever asks may read, and the book says so.
    """
    figures = {f.id: f for f in held.figures}
    detail = _Detail(held)
    sheets = [_about(held, in_part=in_part)]
    for table in held.tables:
        width = [Column(36), *[Column(14)] * (len(table.columns) - 1)]
        rows = [Row((table.caption,), _TITLE, joined=True), Row(table.columns, HEAD)]
        rows += [Row((row[0], *(_figure(figures, detail, cell) for cell in row[1:])), _BOXED) for row in table.rows]
        rows += [Row((f"注：{note}",), joined=True) for note in table.notes]
        page = Page("A4", head_rows=2, fit_width=True)
        sheets.append(Sheet(f"{table.key} {table.title}", width, rows, freeze="B3", page=page))
    sheets += [chart_sheet(chart) for chart in charts if not why_not(chart)]
    sheets.append(detail.sheet())
    return workbook(sheets, made=made, title=held.title)


def _about(held: DocumentJson, *, in_part: bool) -> Sheet:
    facts = [
        ("文件", held.title), ("编号", held.document_no), ("期间", f"{held.date_from} 至 {held.date_to}"),
        ("密级", held.secrecy_level), ("取数时刻", held.as_of), *(("口径", line) for line in held.basis),
        *(("编者说明", line) for line in held.remarks), *(("告警", line) for line in held.alarm_lines),
        *([("对告警的说明", held.answer)] if held.answer else []),
        *([("更正原因", held.reason)] if held.reason else []),
        *([(DETAIL, "只列您可以查阅的记录")] if in_part else []),
    ]  # fmt: skip
    return Sheet("说明", [Column(16), Column(90)], [Row(fact, BODY) for fact in facts])


def _figure(figures: dict[str, FigureJson], detail: _Detail, cell: str) -> Value | Cell:
    """Return what stands in a cell: a figure leads to the records it counts."""
    figure = figures.get(cell)
    if figure is None:
        return Cell(cell, _RIGHT)
    shown: Value = figure.value
    look = _LINKED
    if _NUMBER.fullmatch(figure.value):
        shown = float(figure.value) if "." in figure.value else int(figure.value)
        places = len(figure.value.partition(".")[2])
        look = replace(_LINKED, number_format=f"0.{'0' * places}" if places else "0")
    return Cell(shown, look, link=f"'{DETAIL}'!A{detail.row_of[cell]}")


class _Detail:
    """The records of each figure, many in a cell: a line for each would be more than a sheet has.

    Numbers that follow one another stand as one span, 00012～00057: all between are meant. `row_of` tells in which row
    a figure begins.
    """

    def __init__(self, held: DocumentJson) -> None:
        self._held = held
        self._starts = [*_starts(held)]
        self._endings = [number.rpartition("-")[2] for number, _ in held.records]
        self._known: dict[str, list[str]] = {}  # many figures count the same records
        self.row_of: dict[str, int] = {}
        row = 2
        for f in held.figures:
            self.row_of[f.id] = row
            row += self._height(f)

    def sheet(self) -> Sheet:
        """Return the sheet."""
        return Sheet(DETAIL, [Column(w) for w in (26, 40, 10, 14, 8, 120, 60, 60)], self._rows(), freeze="A2")

    def _rows(self) -> Iterator[Row]:
        yield Row(
            ("数字", "名称", "值", "精确值", "单位", "记录（×计入的量；～之间连号的都计入）", "分母里的其他记录",
             "应计入而没有计入的（原因）"), HEAD,
        )  # fmt: skip
        for f in self._held.figures:
            columns = (
                (self._counted(f), IN_CELL), (self._numbers(f.of), IN_CELL), (self._left_out(f), IN_CELL_WITH_REASON),
            )  # fmt: skip
            for n in range(self._height(f)):
                told = ("、".join(some[n * most : (n + 1) * most]) for some, most in columns)
                yield Row((f.id, f.label, f.value, f.exact, f.unit, *told))

    def _height(self, figure: FigureJson) -> int:
        """Return how many rows a figure takes."""
        spans = max(len(figure.counts or self._numbers(figure.records)), len(self._numbers(figure.of)))
        left_out = sum(len(self._numbers(records)) for _, records in figure.left_out)
        return max(-(-spans // IN_CELL), -(-left_out // IN_CELL_WITH_REASON), 1)

    def _left_out(self, figure: FigureJson) -> list[str]:
        return [f"{span}（{reason}）" for reason, records in figure.left_out for span in self._numbers(records)]

    def _counted(self, figure: FigureJson) -> list[str]:
        if not figure.counts:
            return self._numbers(figure.records)
        records = self._held.records
        return [f"{records[at][0]}×{n}" for at, n in zip(runs.read(figure.records), figure.counts, strict=True)]

    def _numbers(self, records: str) -> list[str]:
        if (told := self._known.get(records)) is None:
            told = self._known[records] = [*_spans(self._held, self._starts, self._endings, records)]
        return told


def _starts(held: DocumentJson) -> Iterator[int]:
    """Give the places of the records whose number does not follow the one before it."""
    before = ("", -1)
    for place, (number, _) in enumerate(held.records):
        head, _, digits = number.rpartition("-")
        here = (head, int(digits)) if digits.isdecimal() else (number, -1)
        if here != (before[0], before[1] + 1):
            yield place
        before = here


def _spans(held: DocumentJson, starts: Sequence[int], endings: Sequence[str], records: str) -> Iterator[str]:
    """Give the numbers of some records, those that follow one another as one span."""
    for first, last in runs.spans(records):
        if first == last:
            yield held.records[first][0]
            continue
        cuts = starts[bisect_right(starts, first) : bisect_right(starts, last)]
        for start, end in zip([first, *cuts], [*(cut - 1 for cut in cuts), last], strict=True):
            number = held.records[start][0]
            yield number if start == end else f"{number}～{endings[end]}"
