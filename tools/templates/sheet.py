"""A form's layout, row by row as it looks: labels and column heads come from the form's definition, never from here.

Names in a layout are tags of qrecords.render.context: `repaired_on` prints the value, `service_category_boxes` all
choices with □/☑. Widths are millimetres; a width of 0 takes what is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qrecords.model.field import BOXES, MAX_LENGTH, Field, FieldType
from qrecords.model.form import Form
from tools.templates.blocks import Block, Cell, Paragraph, Row, Table
from tools.templates.document import PORTRAIT, Head, Page, document

ROW = 7.2  # height of a row with one line
LOW_ROW = 5.8  # … of a form that has many, and is to fit on one page
LABEL = 27.0  # seven characters
_SIZES = (("Label", 3.53), ("SmallLabel", 3.18))  # width of a character; what fits in neither takes two lines
_SMALL = dict(_SIZES)["SmallLabel"]
_SIDES = 1.4  # left and right of a text in its cell
_SLASH = 0.4  # its width, in characters
_FIGURE = 0.55  # … of a figure or Latin letter
WHOLE_LINES = 12  # a row with no text longer than so many lines is not parted
LINE = 5.1  # height of one line of text
BLANK_DATE = "年　　月　　日"
_UNDATED = {"user_signature"}  # its date is a field of its own
SYSTEM_LABELS = {
    "record_no": "记录编号",
    "supervisor_opinion": "主管审查意见",
    "archive_no": "归档编号",
    "archived_by": "归档人",
    "archived_on": "归档日期",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of repeated rows: heading, width, what stands in it, and how."""

    label: str
    width: float
    text: str | Block
    style: str = "SmallCenter"


def tag(name: str) -> str:
    """Return what makes Word print a value."""
    return f"{{{{ {name} }}}}"


def band(text: str, width: float, *, heading: bool = False) -> Row:
    """Return the grey line that opens a part of a form."""
    return Row((Cell(width, text, "Band", grey=True),), 6.5, keep=True, heading=heading)


def in_lines(label: str, width: float, character: float) -> str:
    """Return a label in two lines parted at a bracket or stroke, the halves as alike as can be, if one is too narrow.

    Left to itself a program parts it anywhere: 结 and 果 on two lines, or a line that begins with a stroke.
    """
    most = (width - _SIDES) / character
    if _characters(label) <= most:
        return label
    places = (found.end() for found in re.finditer(r"/|、|.(?=（)", label))
    parted = [(label[:place], label[place:]) for place in places if place < len(label)]
    fitting = [halves for halves in parted if max(map(_characters, halves)) <= most]
    return "\n".join(min(fitting, key=lambda halves: max(map(_characters, halves)), default=(label,)))


def in_halves(heading: str, width: float) -> str:
    """Return a heading in two lines as alike as can be, if it is too narrow for one: 适用 / 产品, not 适用产 / 品.

    One that is in lines stays so; figures are not parted.
    """
    parted = heading if "\n" in heading else in_lines(heading, width, _SMALL)
    most = (width - _SIDES) / _SMALL
    if "\n" in parted or _wide(heading) <= most:
        return parted
    places = [n for n in range(1, len(heading)) if not heading[n - 1 : n + 1].isascii()]
    halves = [(heading[:n], heading[n:]) for n in reversed(places)]  # of two as alike the longer first half
    fitting = [both for both in halves if max(map(_wide, both)) <= most]
    return "\n".join(min(fitting, key=lambda both: max(map(_wide, both)), default=(parted,)))


def _wide(text: str) -> float:
    return sum(_FIGURE if c.isascii() else 1 for c in text)


def _characters(text: str) -> float:
    return len(text) - text.count("/") * (1 - _SLASH)


def listing(loop: str, columns: Sequence[Column], *, width: float, height: float = 7) -> tuple[Row, Row]:
    """Return the heading and the repeated row of a list; at the top of a table the heading repeats on every page."""
    spare = width - sum(c.width for c in columns)
    columns = [c if c.width else replace(c, width=spare) for c in columns]
    heads = tuple(Cell(c.width, in_halves(c.label, c.width), "SmallLabel", grey=True) for c in columns)
    cells = tuple(Cell(c.width, c.text, c.style) for c in columns)
    return Row(heads, 6.5, keep=True, heading=True), Row(cells, height, loop=loop)


def parted_when_long(line: Row, widths: Mapping[str, float], *, character: float = 3.18) -> tuple[Row, ...]:
    """Return a repeated row twice, for Word to choose: an ordinary one in one piece, a long one parted by page ends.

    `widths` are those of the texts that can be long, by name. LibreOffice cuts off what is left of a row that may not
    split and is longer than a page, and of centred text in one that is.
    """
    limits = ((name, int(width / character) * WHOLE_LINES) for name, width in widths.items())
    condition = " or ".join(f"r.{name}|length > {limit}" for name, limit in limits)
    if not condition:
        return (line,)
    width = sum(cell.width for cell in line.cells)
    tags = (f"for r in {line.loop}", f"if {condition}", "else", "endif", "endfor")
    start, long, short, end, last = (Row((Cell(width, f"{{%tr {words} %}}"),)) for words in tags)
    whole = replace(line, loop="")
    split = replace(whole, splits=True, cells=tuple(replace(cell, valign="top") for cell in line.cells))
    return start, long, split, short, whole, end, last


def fits(field: Field, width: float, room: float, *, character: float = 3.53) -> bool:
    """Tell whether the longest value of a field, in a cell so wide, is lower than `room`.

    LibreOffice cuts off what is left of a row that may not split and is longer than a page.
    """
    if field.type is not FieldType.TEXT:
        return field.type is not FieldType.LTEXT
    across = (width - 1.4) // character
    lines = (field.max_length or MAX_LENGTH[FieldType.TEXT]) / across
    return lines * character * 1.45 < room


class Sheet:
    """Lays out one form on one kind of page."""

    def __init__(self, form: Form, page: Page = PORTRAIT, *, row: float = ROW) -> None:
        self.form = form
        self.page = page
        self.row = row
        self.width = page.text_width
        self._room = page.height - page.top - page.bottom - 20  # a list repeats its heading

    def document(self, *parts: Sequence[Row] | Paragraph, head: Head | None = None) -> bytes:
        """Return the template: each part a table of its own, all of them one box until a new page."""
        blocks: list[Block] = []
        for number, part in enumerate(parts):
            if isinstance(part, Paragraph):
                blocks.append(part)
                continue
            opens = number == 0 or isinstance(parts[number - 1], Paragraph)
            closes = number == len(parts) - 1 or isinstance(parts[number + 1], Paragraph)
            blocks.append(Table(part, opens=opens, closes=closes))
        return document(self.page, blocks, head=head or Head())

    def band(self, text: str) -> Row:
        """Return the grey line that opens a part of the form."""
        return band(text, self.width)

    def pairs(
        self, *names: str, widths: Sequence[float] = (), height: float = 0, label: float = LABEL, style: str = ""
    ) -> Row:
        """Return a row of label and value side by side; `widths` are those of each pair, equal when not given."""
        shares = widths or [self.width / len(names)] * len(names)
        spare = self.width - sum(shares)
        cells = [cell for n, w in zip(names, shares, strict=True) for cell in self._pair(n, w or spare, label, style)]
        splits = not all(self._fits(n, (w or spare) - label) for n, w in zip(names, shares, strict=True))
        return Row(tuple(cells), height or self.row, splits)

    def text(self, name: str, lines: int = 2) -> Row:
        """Return a row for long text with room for so many lines; it may run over the page."""
        text = Cell(self.width - LABEL, tag(name), valign="center" if lines < 3 else "top")
        return Row((self._label(name, LABEL), text), lines * LINE + self.row - LINE - 0.7, splits=True)

    def rows(self, key: str, widths: Mapping[str, float], *, height: float = 7, blank: str = "") -> tuple[Row, ...]:
        """Return the rows of a field below its name; `widths` by column as printed, `blank` heads an empty one."""
        columns = [Column("序号", 10, tag("r.no")), *self._columns(key, widths, blank)]
        heading = band(self.label(key), self.width, heading=True)
        head, line = listing(key, columns, width=self.width, height=height)
        return heading, head, *parted_when_long(line, self._long(key, widths, self.width - 10))

    def side_rows(self, key: str, widths: Mapping[str, float]) -> tuple[Row, ...]:
        """Return the rows of a short list beside its name."""
        head, line = listing(key, self._columns(key, widths), width=self.width - LABEL)
        side = replace(self._label(key, LABEL), merge="start")
        more = replace(side, text="", merge="more")
        first = replace(head, cells=(side, *head.cells), heading=False)
        line = replace(line, cells=(more, *line.cells))
        return first, *parted_when_long(line, self._long(key, widths, self.width - LABEL))

    def label(self, name: str) -> str:
        """Return how the form calls a field or a system tag."""
        field = self.form.by_key.get(name) or self.form.by_key.get(name.removesuffix("_boxes"))
        return field.label if field else SYSTEM_LABELS[name]

    def _fits(self, name: str, width: float) -> bool:
        field = self.form.by_key.get(name)
        return fits(field, width, self._room) if field else name != "supervisor_opinion"

    def _long(self, key: str, widths: Mapping[str, float], width: float) -> dict[str, float]:
        """Return the columns whose text can be longer than a page, with their widths."""
        by_key = {column.key: column for column in self.form.by_key[key].columns}
        spare = width - sum(widths.values())
        all_widths = {name: w or spare for name, w in widths.items() if name in by_key}
        return {n: w for n, w in all_widths.items() if not fits(by_key[n], w, self._room, character=3.18)}

    def _label(self, name: str, width: float) -> Cell:
        text = self.label(name)
        style = next((name for name, wide in _SIZES if len(text) * wide + _SIDES <= width), "Label")
        return Cell(width, in_lines(text, width, dict(_SIZES)[style]), style, grey=True)

    def _pair(self, name: str, width: float, label: float, style: str) -> tuple[Cell, Cell]:
        field = self.form.by_key.get(name)
        if field and field.type in BOXES:
            date = "" if name in _UNDATED else BLANK_DATE
            return self._label(name, label), Cell(width - label, date, "Small", "right", valign="bottom")
        return self._label(name, label), Cell(width - label, tag(name), style)

    def _columns(self, key: str, widths: Mapping[str, float], blank: str = "") -> list[Column]:
        by_key = {column.key: column for column in self.form.by_key[key].columns}
        columns = []
        for name, width in widths.items():
            if name == blank:
                columns.append(Column(blank, width, ""))
                continue
            column = by_key[name.removesuffix("_boxes")]
            style = "Small" if column.type is FieldType.LTEXT else "SmallCenter"
            columns.append(Column(column.label, width, tag(f"r.{name}"), style))
        return columns
