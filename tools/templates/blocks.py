"""What stands on a page: paragraphs, tables on a grid, the code picture. Measures are millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal, Protocol
from xml.sax.saxutils import escape

from tools.templates import parts
from tools.templates.measure import emu, twips

CODE_SIZE = 27.0  # the picture with its white border; the symbol in it is 2 cm
CODE_ALT_TEXT = "记录编码"
GREY = "EFEFEF"

Align = Literal["", "left", "center", "right"]


class Block(Protocol):
    """Anything that stands in a page or a cell."""

    def xml(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text in one of parts.STYLES; #PAGE# and #PAGES# become Word's own page fields."""

    text: str = ""
    style: str = ""
    align: Align = ""
    keep: bool = False  # on one page with what follows
    new_page: bool = False

    def xml(self) -> str:
        """Return one w:p a line."""
        settings = f'<w:pStyle w:val="{self.style}"/>' if self.style else ""
        settings += "<w:keepNext/>" if self.keep else ""
        settings += "<w:pageBreakBefore/>" if self.new_page else ""
        settings += f'<w:jc w:val="{self.align}"/>' if self.align else ""
        properties = f"<w:pPr>{settings}</w:pPr>" if settings else ""
        return "".join(f"<w:p>{properties}{_runs(line)}</w:p>" for line in self.text.split("\n"))


@dataclass(frozen=True, slots=True)
class Stack:
    """Blocks one below the other in one cell."""

    blocks: tuple[Block, ...]

    def xml(self) -> str:
        """Return them in their order."""
        return "".join(block.xml() for block in self.blocks)


def _runs(line: str) -> str:
    pieces = []
    for number, piece in enumerate(line.split("#")):
        if number % 2:
            pieces.append(f'<w:fldSimple w:instr="{parts.FIELDS[piece]}"><w:r><w:t>1</w:t></w:r></w:fldSimple>')
        elif piece:
            pieces.append(f'<w:r><w:t xml:space="preserve">{escape(piece)}</w:t></w:r>')
    return "".join(pieces)


def gap(*, new_page: bool = False) -> Paragraph:
    """Return the hair-thin paragraph Word needs between two tables."""
    return Paragraph(style="Gap", new_page=new_page)


def seam() -> Paragraph:
    """Return the paragraph between two tables of one box: black, so that their edges and it are one line."""
    return Paragraph(style="Seam", keep=True)


@dataclass(frozen=True, slots=True)
class CodePicture:
    """The place of the record's code, with what the code says in small print below; `number` is unique in a file."""

    number: int
    says: str

    def xml(self) -> str:
        """Return the picture's paragraph and the one below it."""
        drawing = parts.drawing(self.number, emu(CODE_SIZE), CODE_ALT_TEXT)
        return f'<w:p><w:pPr><w:pStyle w:val="Code"/></w:pPr>{drawing}</w:p>{Paragraph(self.says, "Code").xml()}'


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its width, text or other contents, grey or not, part of a vertical merge or not."""

    width: float
    text: str | Block = ""
    style: str = ""
    align: Align = ""
    valign: Literal["top", "center", "bottom"] = "center"
    grey: bool = False
    merge: Literal["", "start", "more"] = ""
    upright: bool = False  # characters one below the other, lines from right to left

    def xml(self, span: int, width: int, *, keep: bool) -> str:
        """Return the w:tc over `span` grid columns, `width` twips together."""
        settings = f'<w:tcW w:w="{width}" w:type="dxa"/>'
        settings += f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
        settings += {"": "", "start": '<w:vMerge w:val="restart"/>', "more": "<w:vMerge/>"}[self.merge]
        settings += f'<w:shd w:val="clear" w:color="auto" w:fill="{GREY}"/>' if self.grey else ""
        settings += '<w:textDirection w:val="tbRl"/>' if self.upright else ""
        settings += f'<w:vAlign w:val="{self.valign}"/>' if self.valign != "top" else ""
        contents = self.text
        if isinstance(contents, str):
            contents = Paragraph(contents, self.style, self.align)
        if isinstance(contents, Paragraph) and keep:
            contents = replace(contents, keep=True)
        return f"<w:tc><w:tcPr>{settings}</w:tcPr>{contents.xml()}</w:tc>"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: at least so high; `loop` repeats it as r for each entry of that tag."""

    cells: tuple[Cell, ...]
    height: float = 7.2
    splits: bool = False  # may run over a page's end, as whatever holds free text must
    keep: bool = False  # on one page with the next row
    heading: bool = False  # repeated on every page the table reaches
    loop: str = ""


def together(*rows: Row) -> tuple[Row, ...]:
    """Return rows that no page end parts."""
    return *(replace(row, keep=True) for row in rows[:-1]), rows[-1]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells in millimetres; the grid is made of all their borders, the outside line is heavier."""

    rows: Sequence[Row]
    lines: bool = True
    opens: bool = True  # its upper edge is the outside of the form
    closes: bool = True  # its lower edge is

    def xml(self) -> str:
        """Return the w:tbl."""
        edges = sorted({edge for row in self.rows for edge in _edges(row)})
        grid = "".join(f'<w:gridCol w:w="{b - a}"/>' for a, b in pairwise(edges))
        width = f'<w:tblW w:w="{edges[-1]}" w:type="dxa"/>'
        fixed = '<w:tblLayout w:type="fixed"/>'
        rows = "".join(_row(row, edges) for row in self.rows)
        settings = f"<w:tblPr>{width}{self._borders()}{fixed}{parts.CELL_MARGINS}</w:tblPr>"
        return f"<w:tbl>{settings}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"

    def _borders(self) -> str:
        if not self.lines:
            return ""
        weights = {
            "top": 12 if self.opens else 4,
            "left": 12,
            "bottom": 12 if self.closes else 4,
            "right": 12,
            "insideH": 4,
            "insideV": 4,
        }
        lines = (
            f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="000000"/>' for side, size in weights.items()
        )
        return f"<w:tblBorders>{''.join(lines)}</w:tblBorders>"


def _edges(row: Row) -> list[int]:
    # Rounded at the border, not by the cell: rows that should be flush are, to the twip.
    return [twips(mm) for mm in accumulate((cell.width for cell in row.cells), initial=0.0)]


def _row(row: Row, edges: list[int]) -> str:
    own = _edges(row)
    cells = "".join(
        cell.xml(edges.index(end) - edges.index(start), end - start, keep=row.keep)
        for cell, (start, end) in zip(row.cells, pairwise(own), strict=True)
    )
    settings = "" if row.splits else "<w:cantSplit/>"
    settings += f'<w:trHeight w:val="{twips(row.height)}" w:hRule="atLeast"/>'
    settings += "<w:tblHeader/>" if row.heading else ""
    written = f"<w:tr><w:trPr>{settings}</w:trPr>{cells}</w:tr>"
    if not row.loop:
        return written
    # docxtpl replaces a whole row that holds a {%tr %} tag by the tag itself.
    before, after = (
        f"<w:tr>{Cell(0, tag).xml(len(edges) - 1, edges[-1], keep=False)}</w:tr>"
        for tag in (f"{{%tr for r in {row.loop} %}}", "{%tr endfor %}")
    )
    return before + written + after
