"""The papers of a document: Word, PDF/A and workbook, its charts beside; the same document, the same bytes."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from math import ceil
from pathlib import Path
from unicodedata import east_asian_width

from qrecords.model.document import PART_LABELS
from qrecords.model.formats import DocumentJson, TableJson
from qrecords.model.objects import DOCUMENT
from qrecords.office import Office
from qrecords.render.charts.chart import Chart, chart_of, in_words, why_not
from qrecords.render.charts.picture import picture
from qrecords.render.code import code_png, payload
from qrecords.render.docx import Template
from qrecords.render.finish import finish_pdf
from qrecords.render.reportbook import tables_xlsx
from qrecords.render.reportpaper import MOST_UPRIGHT, Block, Grid, Picture, Words, report_docx
from qrecords.services.making import to_pdf
from qrecords.services.reports.kept import WORKBOOK
from qrecords.stores.durable import make_dirs, write_file

SIGN_HEIGHT = 16.0  # mm, room for a name and a seal's edge
RECEIPT_HEIGHT = 10.0
MOST_TURNED = 5  # rows of a wide table that stand as columns
MANY = 9  # columns that are read more easily as rows, where there are a few rows to compare
MOST_LISTED = 100  # lines of a list on paper: nobody reads more, the workbook has them all
BLANK_DATE = "年　　月　　日"


def papers_of(
    office: Office, held: DocumentJson, template: Template, work: Path, number: int
) -> dict[str, bytes | Path]:
    """Make the files of a document, by the names they have in its object; `number` is that of their code."""
    make_dirs(work)
    charts = [chart_of(kept, number) for number, kept in enumerate(held.charts, start=1)]
    drawn = {chart.name: picture(chart) for chart in charts if not why_not(chart)}
    made = datetime.fromisoformat(held.as_of)
    docx, pdf = work / "document.docx", work / DOCUMENT.paper
    paper_id = payload(held.document_no, number)
    write_file(docx, report_docx(template, _head(held, paper_id), [*_body(held, charts, drawn)], code_png(paper_id)))
    with ThreadPoolExecutor(1) as beside:  # LibreOffice works in a process of its own: the workbook is made meanwhile
        printed = beside.submit(to_pdf, office, [docx], work)
        book = tables_xlsx(held, charts, made)
        printed.result()
    finish_pdf(pdf, pdf, print_id=paper_id, title=held.title, created=made, stamp_room=True)
    pictures = {f"charts/{name}.png": png for name, png in drawn.items()}
    return {docx.name: docx, pdf.name: pdf, WORKBOOK: book, **pictures}


def _head(held: DocumentJson, paper_id: str) -> dict[str, str]:
    return {
        "paper_id": paper_id,
        "org_name": held.org_name,
        "title": _in_two(held),
        "secrecy_level": held.secrecy_level,
        "period": f"期间：{held.date_from} 至 {held.date_to}",
        "document_no": held.document_no,
        "edition": f"（更正第{held.edition}版）" if held.edition > 1 else "",
        "retention": f"{held.retention_years}年",
        "unit": held.unit,
        "issue": held.issue,
    }


def _in_two(held: DocumentJson) -> str:
    """Return the title, the office it is for on a line of its own: broken where it happens to end, it reads badly."""
    whose = f"（{held.milrep}）"
    return f"{held.title.removesuffix(whose)}\n{whose}" if held.milrep else held.title


def _body(held: DocumentJson, charts: Sequence[Chart], drawn: Mapping[str, bytes]) -> Iterator[Block]:
    brief = held.layout == "brief"
    if brief:
        yield from _opening(held)
    else:
        yield from (_signatures(held), _basis(held))
    if held.edition > 1:
        yield from _correction(held)
    if held.remarks:
        yield Words(("编者说明",), "Band", keep=True)
        yield Words(held.remarks)
    figures = {f.id: f.value for f in held.figures}
    # Wide tables come last, together: each among the others would leave the page before it and its own half empty.
    tables = [_turned(_by_part(table, held) if brief else table) for table in held.tables]
    upright = [table for table in tables if len(table.columns) <= MOST_UPRIGHT]
    across = [table for table in tables if len(table.columns) > MOST_UPRIGHT]
    for number, table in enumerate(upright, start=1):
        yield from _table(f"{chinese(number)}、" if brief else f"表{number}　", table, figures)
    for chart in charts:
        if png := drawn.get(chart.name):
            width, height = struct.unpack(">2I", png[16:24])  # of the PNG's first chunk
            yield Picture(png, height / width, in_words(chart))
        else:
            yield Words((f"{chart.title}：{why_not(chart)}",), "Small")
    for number, table in enumerate(across, start=len(upright) + 1):
        yield from _table(f"{chinese(number)}、" if brief else f"表{number}　", table, figures)
    if brief:
        yield from _closing(held)
        return
    yield Words(("报送和签收",), "Band", keep=True)
    yield Grid(
        ("报送对象", "签收人", "签收日期"),
        tuple((name, "", BLANK_DATE) for name in held.recipients),
        first=0.4,
        height=RECEIPT_HEIGHT,
    )


def _signatures(held: DocumentJson) -> Grid:
    return Grid(
        tuple(PART_LABELS[part] for part in held.needs),  # type: ignore[index]  # written by this program
        (tuple(f"\n\n{BLANK_DATE}" for _ in held.needs),),
        height=SIGN_HEIGHT,
        left=False,
    )


def _basis(held: DocumentJson) -> Grid:
    basis = (
        f"取数时刻：{held.as_of[:16].replace('T', ' ')}",
        *held.basis,
        *(f"告警：{line}" for line in held.alarm_lines),
        *([f"对告警的说明：{held.answer}"] if held.answer else []),
    )
    return Grid(("统计口径",), (("\n".join(basis),),), texts=True)


def _opening(held: DocumentJson) -> Iterator[Block]:
    """Give the sentence a brief begins with: the first row of its first table in words."""
    figures = {f.id: f for f in held.figures}
    first = next((row for table in held.tables[:1] for row in table.rows[:1]), ("",))
    named = [f"{f.label.removeprefix(first[0]).strip()}{f.value}{f.unit}" for f in map(figures.get, first[1:]) if f]
    if named:
        yield Words((f"{first[0]}{'、'.join(named)}。",))


def _closing(held: DocumentJson) -> Iterator[Block]:
    """Give what stands at a brief's end: how it was counted, who signs, who gets it, how many were printed."""
    yield _basis(held)
    yield _signatures(held)
    yield Grid(("送", "共印"), (("、".join(held.recipients), "　　　份"),), shares=(3.0, 1.0), texts=True)


def _correction(held: DocumentJson) -> Iterator[Block]:
    yield Words((f"更正：{held.reason}",), "Band", keep=True)
    if held.changes:
        rows = tuple((c.label, c.before, c.now) for c in held.changes)
        yield Grid(("更正的数字", "原为", "现为"), rows, first=0.6)
    else:
        yield Words(("数字没有变化",), "Small")


def _by_part(table: TableJson, held: DocumentJson) -> TableJson:
    """Return a table of a brief under the name of its part alone, where that of the first table stands before it."""
    return replace(table, title=table.title.removeprefix(f"{held.tables[0].title}　"))


def _turned(table: TableJson) -> TableJson:
    """Return a wide table of few rows with its columns as rows: upright, it needs no page of its own."""
    several = 1 < len(table.rows) <= MOST_TURNED
    if len(table.columns) <= (MANY if several else MOST_UPRIGHT) or len(table.rows) > MOST_TURNED:
        return table
    first, *heads = table.columns
    rows = tuple((head, *(row[n] for row in table.rows)) for n, head in enumerate(heads, start=1))
    return replace(table, columns=(first or "项目", *(row[0] for row in table.rows)), rows=rows)


def _table(place: str, table: TableJson, figures: Mapping[str, str]) -> Iterator[Block]:
    yield Words((f"{place}{table.caption}",), "Band", keep=True)
    listed = not any(cell in figures for row in table.rows for cell in row[1:])
    kept = table.rows[:MOST_LISTED] if listed else table.rows
    rows = tuple((row[0], *(_in_lines(figures.get(cell, cell)) for cell in row[1:])) for row in kept)
    words = tuple(
        n for n in range(1, len(table.columns)) if any(row[n] and row[n] not in figures for row in table.rows)
    )
    left = len(table.rows) - len(kept)
    notes = (*table.notes, *([f"另有{left}件未印，见工作簿 {WORKBOOK} 里的同名表"] if left else ()))
    yield replace(table_grid(table.columns, rows, words), noted=bool(notes))
    if notes:
        yield Words(tuple(f"注：{note}" for note in notes), "Small", of_table=True)


def table_grid(heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...], words: tuple[int, ...] = ()) -> Grid:
    """Return a table whose columns are as wide as their texts ask for; texts of the columns `words` stand left."""
    shares, small = _shares(heads, rows)
    return Grid(heads, rows, shares=shares, words=words, small=small)


def _in_lines(text: str) -> str:
    return text.replace("、", "、\n") if _NUMBERS.fullmatch(text) else text


_DIGITS = "零一二三四五六七八九十"


def chinese(number: int) -> str:
    """Return a number below a hundred as the sections of a brief are numbered."""
    tens, ones = divmod(number, 10)
    head = f"{_DIGITS[tens] if tens > 1 else ''}十" if tens else ""
    return f"{head}{_DIGITS[ones] if ones or not tens else ''}"


NARROWEST, WIDEST = 7, 40  # half an em: a number of five digits; more is broken into lines
ROOM, ROOM_SMALL, ROOM_ACROSS = 84, 94, 150  # halves of an em on a line of an upright page, in small type, and across
NARROWEST_FIGURE = 4
MARGINS = 2  # of a cell
_WHOLE = re.compile(r"[!-~]+、?")  # what is not broken: a number, a day, a model; with its comma
_NUMBERS = re.compile(r"[!-~]+(?:、[!-~]+)+")  # some of them, a line each: a line's end would part one


def _shares(heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[float, ...], bool]:
    """Divide a table's width by the longest text of each column, and tell whether it takes small type.

    A head may take two lines. Each column has room for what may not be broken in it; the rest of the width goes by what
    each would still like.
    """
    columns = [*zip(*rows, strict=True)] if rows else [()] * len(heads)
    room, small = ROOM_ACROSS if len(heads) > MOST_UPRIGHT else ROOM, False
    liked, least = _likes(heads, columns, NARROWEST)
    if sum(liked) <= room:
        return tuple(liked), False
    if room == ROOM:  # in small type more stands on a line
        room, small = ROOM_SMALL, True
    if small or sum(least) > room:  # short figures leave their room to the words
        small = True
        liked, least = _likes(heads, columns, NARROWEST_FIGURE)
    if sum(liked) <= room or sum(least) > room:
        return tuple(liked if sum(liked) <= room else least), True
    wanted = _few_lines(columns, least, room)
    more = [max(like - low, 0) for like, low in zip(liked, wanted, strict=True)]
    given = _given(more, room - sum(wanted))
    return tuple(low + extra for low, extra in zip(wanted, given, strict=True)), small


def _few_lines(columns: Sequence[Sequence[str]], least: Sequence[float], room: float) -> list[float]:
    """Return the widths with which the usual rows take as few lines as they can; `least` fits into the room."""
    usual = [_usual([*map(_long, column)]) for column in columns]
    for lines in range(2, max(usual) + 1):
        widths = [max(low, ceil(long / lines) + MARGINS + 1) for low, long in zip(least, usual, strict=True)]
        if sum(widths) <= room:
            return widths
    return [*least]


def _given(wanted: Sequence[float], room: float) -> list[float]:
    """Give out what room there is: who wants little gets all of it, the others the same each."""
    given = [0.0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for after, place in enumerate(order):
        given[place] = min(wanted[place], room / (len(order) - after))
        room -= given[place]
    return given


def _likes(heads: Sequence[str], columns: Sequence[Sequence[str]], narrowest: int) -> tuple[list[float], list[float]]:
    """Return how wide each column would like to be, and how wide it must be."""
    liked = [
        min(WIDEST, max(narrowest, _long(head) / 2, _usual([*map(_long, column)]))) + MARGINS
        for head, column in zip(heads, columns, strict=True)
    ]
    least = [
        max([min(like, narrowest + MARGINS), *(_whole(text) + MARGINS for text in (head, *column))])
        for like, head, column in zip(liked, heads, columns, strict=True)
    ]
    return liked, least


def _usual(widths: Sequence[int]) -> int:
    """Return what nine in ten texts of a column need: one long one in many takes more lines, not room from others."""
    return sorted(widths)[(len(widths) * 9 - 1) // 10] if widths else 0


def _whole(text: str) -> int:
    """Return how wide the longest part of a text is that is not broken."""
    return min(WIDEST, max(map(_long, _WHOLE.findall(text)), default=0))


def _long(text: str) -> int:
    """Return how wide a text is in halves of an em."""
    return max((sum(2 if east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n")), default=0)
