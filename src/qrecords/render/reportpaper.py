"""A document's paper: a Word template's head and foot around tables, words and pictures given as data.

The template has a paragraph 「〔正文〕」; what a document says goes there. Tables with many columns get pages across.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput
from qrecords.render.docx import Template
from qrecords.render.zips import join, pack

BODY = "〔正文〕"
MOST_UPRIGHT = 11  # columns on an upright page
MOST_IN_FULL = 9  # columns in type of full size
KEPT_WHOLE = 9  # rows of a table that does not go on over the end of a page
KEPT_LAST = 3  # of a longer one so many come to the next page together
SHORT_STRETCH = 45  # lines: two pages across
SHORT_END = 12  # lines: what comes after the last table across, where it needs no page of its own
_TWIPS = 56.6929  # a millimetre
_EMU = 36_000  # a millimetre
_MARKED = re.compile(rf"<w:p(?: [^>]*)?>(?:(?!</w:p>).)*?{BODY}(?:(?!</w:p>).)*?</w:p>", re.DOTALL)
_SECTION = re.compile(r"<w:sectPr(?:(?!<w:sectPr).)*?</w:sectPr>(?=</w:body>)", re.DOTALL)
_SIZE = re.compile(r'<w:pgSz w:w="(\d+)" w:h="(\d+)"[^>]*/>')
_MARGIN = re.compile(r'w:(left|right)="(\d+)"')
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEADER = re.compile(r"word/header\d+\.xml")
_TABLE_WIDTH = re.compile(rb'<w:tblW w:w="\d+" w:type="dxa"/>')
_RELS, _DOCUMENT, _STYLES = "word/_rels/document.xml.rels", "word/document.xml", "word/styles.xml"
# Figures would be words of another language otherwise, each with a tag of its own in the PDF: ten thousand in a month.
_LATIN = re.compile(rb'(<w:lang\b[^>]*\bw:val=")en-US(")')
_IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of text in one of the template's styles; `keep`: kept with what follows; `of_table`: a note to it."""

    lines: tuple[str, ...]
    style: str = ""
    align: str = ""
    keep: bool = False
    of_table: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: heads, rows of texts; the first column takes `first` of the width, its texts stand left.

    `shares` divide the width among all columns instead; `words` are further columns whose texts stand left.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first: float = 0.0  # 0: as much as the others
    height: float = 7.0  # of a row, in mm
    left: bool = True  # texts of the first column
    texts: bool = False  # all columns hold texts, not numbers
    shares: tuple[float, ...] = ()
    words: tuple[int, ...] = ()
    small: bool = False
    noted: bool = False  # a note follows, and stands on the page its last row stands on


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG across the page, so high for its width, with the words that stand for it."""

    png: bytes
    ratio: float
    words: str


Block = Words | Grid | Picture


def report_docx(
    template: Template, context: Mapping[str, Any], body: Sequence[Block], code_png: bytes | None = None
) -> bytes:
    """Return the document; the same input gives the same bytes. InvalidInput when the template has no place for it."""
    with zipfile.ZipFile(BytesIO(template.render(context, code_png))) as made:
        entries = {name: made.read(name) for name in made.namelist()}
    text = entries[_DOCUMENT].decode()
    section = _SECTION.search(text)
    if section is None or not _MARKED.search(text):
        raise InvalidInput(
            f"模板 {template.name} 里没有单独一段的「{BODY}」",
            remedy=advise("请补上这一段，正文会放在那里；或从备份恢复模板，用 {} 查看表式", Do.LIST_FORMS),
        )
    writer = _Writer(section[0])
    written = writer.blocks(body)
    # A replacement as a function: what is written may hold backslashes.
    text = _MARKED.sub(lambda _: written, text, count=1)
    if writer.broken:
        # Some pages are across: the heads are as wide as the page they stand on.
        for name in filter(_HEADER.fullmatch, entries):
            entries[name] = _TABLE_WIDTH.sub(b'<w:tblW w:w="5000" w:type="pct"/>', entries[name])
        last = writer.across if writer.ends_across else section[0].replace("<w:titlePg/>", "")
        text = _SECTION.sub(lambda _: last, text)
    entries[_DOCUMENT] = text.encode()
    if _STYLES in entries:
        entries[_STYLES] = _LATIN.sub(rb"\1zh-CN\2", entries[_STYLES])
    if writer.pictures:
        lines = "".join(
            f'<Relationship Id="chart{n}" Type="{_IMAGE}" Target="media/chart{n}.png"/>'
            for n in range(1, len(writer.pictures) + 1)
        )
        entries[_RELS] = entries[_RELS].replace(b"</Relationships>", f"{lines}</Relationships>".encode())
        entries |= {f"word/media/chart{n}.png": png for n, png in enumerate(writer.pictures, start=1)}
    return join(pack(name, data) for name, data in entries.items())


# Between two tables a little white.
_GAP = '<w:p><w:pPr><w:pStyle w:val="Gap"/><w:spacing w:line="100" w:lineRule="exact"/></w:pPr></w:p>'
_KEPT_GAP = _GAP.replace("<w:spacing", "<w:keepNext/><w:spacing", 1)


class _Writer:
    """Writes blocks for pages as one section of the template has them."""

    def __init__(self, section: str) -> None:
        self._upright = section
        size, margins = _SIZE.search(section), dict(_MARGIN.findall(section))
        width, height = (int(size[1]), int(size[2])) if size else (11906, 16838)
        sides = sum(int(margins.get(side, 0)) for side in ("left", "right"))
        self._widths = {False: width - sides, True: height - sides}
        turned = f'<w:pgSz w:w="{height}" w:h="{width}" w:orient="landscape"/>'
        self.across = _SIZE.sub(turned, section).replace("<w:titlePg/>", "")
        self.pictures: list[bytes] = []
        self.broken = self.ends_across = False

    def blocks(self, body: Sequence[Block]) -> str:
        found, across = [], False
        for block, wide in zip(body, _joined(body, [self._is_wide(body, n) for n in range(len(body))]), strict=True):
            if wide != across:
                found.append(self._end_section(across=across))
                across = wide
            found.append(self._written(block, self._widths[across]))
        self.ends_across = across
        return "".join(found)

    def _is_wide(self, body: Sequence[Block], number: int) -> bool:
        """Tell whether a block stands across: a wide table, the words right before it kept with it, and its notes."""
        if isinstance(block := body[number], Words) and block.of_table:
            return self._is_wide(body, number - 1)
        for block in body[number:]:
            if isinstance(block, Grid):
                return len(block.heads) > MOST_UPRIGHT
            if not (isinstance(block, Words) and block.keep):
                return False
        return False

    def _end_section(self, *, across: bool) -> str:
        section = self.across if across else self._upright
        if self.broken and not across:
            section = section.replace("<w:titlePg/>", "")
        self.broken = True
        return f'<w:p><w:pPr><w:pStyle w:val="Gap"/>{section}</w:pPr></w:p>'

    def _written(self, block: Block, width: int) -> str:
        match block:
            case Words():
                return "".join(_paragraph(line, block.style, block.align, keep=block.keep) for line in block.lines)
            case Grid():
                return _table(block, width) + (_KEPT_GAP if block.noted else _GAP)
            case Picture():
                self.pictures.append(block.png)
                return _picture(block, len(self.pictures), width)


def _joined(body: Sequence[Block], wide: Sequence[bool]) -> list[bool]:
    """Let short tables between two that stand across, or behind the last, do so too: pages would be half empty."""
    found, start = [*wide], 0
    for end in range(1, len(body) + 1):
        if end < len(body) and wide[end] == wide[start]:
            continue
        most = SHORT_STRETCH if end < len(body) else SHORT_END
        if not wide[start] and start > 0 and sum(map(_lines, body[start:end])) <= most:
            found[start:end] = [True] * (end - start)
        start = end
    return found


def _lines(block: Block) -> int:
    """Return about how many lines a block takes; a picture as many as a page has."""
    match block:
        case Words():
            return len(block.lines)
        case Grid():
            return len(block.rows) + 2
        case Picture():
            return SHORT_STRETCH + 1


def _paragraph(text: str, style: str = "", align: str = "", *, keep: bool = False) -> str:
    settings = f'<w:pStyle w:val="{style}"/>' if style else ""
    settings += '<w:keepNext/><w:spacing w:before="160" w:after="60"/>' if keep else ""
    settings += f'<w:jc w:val="{align}"/>' if align else ""
    properties = f"<w:pPr>{settings}</w:pPr>" if settings else ""
    run = f'<w:r><w:t xml:space="preserve">{_text(text)}</w:t></w:r>' if text else ""
    return f"<w:p>{properties}{run}</w:p>"


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text).replace("\t", " "))


def _widths(grid: Grid, width: int) -> list[int]:
    columns = len(grid.heads)
    if grid.shares:
        widths = [int(width * share / sum(grid.shares)) for share in grid.shares]
    else:
        first = int(width * grid.first) if grid.first else width // columns
        widths = [first, *[(width - first) // max(1, columns - 1)] * (columns - 1)]
    widths[0] += width - sum(widths)
    return widths


def _table(grid: Grid, width: int) -> str:
    columns = len(grid.heads)
    widths = _widths(grid, width)
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    margins = "".join(
        f'<w:{side} w:w="{w}" w:type="dxa"/>' for side, w in (("top", 23), ("left", 57), ("bottom", 23), ("right", 57))
    )
    head = (
        f'<w:tbl><w:tblPr><w:tblW w:w="{width}" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr><w:tblGrid>'
        + "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
        + "</w:tblGrid>"
    )
    small = grid.small or columns > MOST_IN_FULL
    label, text = ("SmallLabel", "Small") if small or grid.texts else ("Label", "")
    rows = [_row([_cell(h, w, label, "center", grey=True) for h, w in zip(grid.heads, widths, strict=True)], 7, True)]
    whole = len(grid.rows) <= KEPT_WHOLE
    for number, row in enumerate(grid.rows, start=1):
        cells = []
        for place, (value, w) in enumerate(zip(row, widths, strict=True)):
            left = (grid.left and place == 0) or grid.texts or place in grid.words
            last = number == len(grid.rows)
            kept = grid.noted if last else whole or number == 1 or number > len(grid.rows) - KEPT_LAST
            cells.append(_cell(value, w, text, "left" if left else "center", kept=kept))
        rows.append(_row(cells, grid.height, False))
    return f"{head}{''.join(rows)}</w:tbl>"


def _row(cells: Sequence[str], height: float, heading: bool) -> str:
    repeated = "<w:tblHeader/>" if heading else ""
    high = f'<w:trHeight w:val="{int(height * _TWIPS)}" w:hRule="atLeast"/>'
    return f"<w:tr><w:trPr><w:cantSplit/>{high}{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(text: str, width: int, style: str, align: str, *, grey: bool = False, kept: bool = False) -> str:
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="EDEDED"/>' if grey else ""
    lines = "".join(_paragraph(line, style, align) for line in text.split("\n"))
    if kept:
        lines = lines.replace("<w:pPr>", "<w:pPr><w:keepNext/>") if "<w:pPr>" in lines else lines
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/></w:tcPr>{lines}</w:tc>'


def _picture(picture: Picture, number: int, width: int) -> str:
    across = int(width / _TWIPS * _EMU)
    extent = f'cx="{across}" cy="{int(across * picture.ratio)}"'
    # After the codes of the two heads.
    named = f'id="{number + 2}" name="chart{number}.png" descr={quoteattr(_NOT_IN_XML.sub("", picture.words))}'
    shape = f'<a:xfrm><a:off x="0" y="0"/><a:ext {extent}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    return (
        '<w:p><w:pPr><w:spacing w:before="120"/></w:pPr><w:r><w:drawing>'
        '<wp:inline distT="0" distB="0" distL="0" distR="0" '
        f'xmlns:wp="{_DRAWING}/wordprocessingDrawing"><wp:extent {extent}/><wp:docPr {named}/>'
        f'<a:graphic xmlns:a="{_DRAWING}/main"><a:graphicData uri="{_DRAWING}/picture">'
        f'<pic:pic xmlns:pic="{_DRAWING}/picture"><pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="chart{number}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f"<pic:spPr>{shape}</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
