"""Writes slim Word files: a page with its head and foot around blocks; the same input gives the same bytes.

Slim means a handful of styles and no theme: a filled form stays small and converts in half the time.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from tools.templates import parts
from tools.templates.blocks import CODE_SIZE, Block, Cell, CodePicture, Paragraph, Row, Stack, Table, gap, seam
from tools.templates.measure import twips

FIXED_DATE = (2010, 11, 10, 0, 0, 0)  # any fixed date keeps builds the same; the procedure came into force that day
FOOT = "{{ form_code }} 版本：{{ form_edition }}    第#PAGE#页 共#PAGES#页    保存期限：{{ retention }}"


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet in millimetres; the left margin leaves room for binding (DA/T 69-2018), the top one for the head."""

    width: float
    height: float
    left: float = 28
    right: float = 14
    top: float = 36
    bottom: float = 17
    head: float = 5
    foot: float = 9

    @property
    def text_width(self) -> float:
        """Return the width between the margins."""
        return self.width - self.left - self.right


PORTRAIT = Page(210, 297)
LANDSCAPE = Page(297, 210)


RECORD_CODE = "{{ print_id }}"


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the top of every page; following pages have a smaller title with 「（续页）」 behind it."""

    title: str = "{{ form_title }}"
    above: str = "{{ org_name }}"
    corner: str = "密级：{{ secrecy_level }}\n保密期限：{{ secrecy_period }}"
    left: str = "{{ form_code }} 版本：{{ form_edition }}"
    right: str = "记录编号：{{ record_no }}"
    code: str = RECORD_CODE  # small print under the code picture; empty: neither picture nor print
    first: Block | None = None  # what the first page has instead


def document(page: Page, body: Sequence[Block], *, head: Head | None = None, foot: str = FOOT) -> bytes:
    """Return a Word file; tables that follow each other get a gap between them. Same input, same bytes."""
    files, relations = {}, ["styles", "settings"]
    if head:
        for number, name in enumerate(("header1", "header2")):
            own = head.first.xml() if head.first and number == 0 else _head(page, head, first=number == 0)
            files[f"word/{name}.xml"] = parts.header(own)
            if head.code:
                files[f"word/_rels/{name}.xml.rels"] = parts.relations(["code"])
            relations.append(name)
    if foot:
        files["word/footer1.xml"] = parts.footer(Paragraph(foot, "Foot").xml())
        relations.append("footer1")
    contents = "".join(block.xml() for block in _with_gaps(body))
    files["word/document.xml"] = parts.document(contents + _section(page, head=bool(head), foot=bool(foot)))
    files["word/_rels/document.xml.rels"] = parts.relations(relations)
    with_code = bool(head and head.code)
    of_record = bool(head and head.code == RECORD_CODE)
    title = f"{head.title} {{{{ record_no }}}}" if head and of_record else ""
    return _zip(parts.package(files, title=title), parts.placeholder() if with_code else None)


def _with_gaps(body: Sequence[Block]) -> Iterator[Block]:
    """Put a gap after a table that none follows: between two it parts them, at the end Word asks for it."""
    for block, following in zip(body, [*body[1:], None], strict=True):
        yield block
        if not isinstance(block, Paragraph) and not isinstance(following, Paragraph):
            inside = isinstance(block, Table) and isinstance(following, Table) and not block.closes
            yield seam() if inside else gap()


def _section(page: Page, *, head: bool, foot: bool) -> str:
    references = '<w:headerReference w:type="first" r:id="header1"/>' if head else ""
    references += '<w:headerReference w:type="default" r:id="header2"/>' if head else ""
    references += '<w:footerReference w:type="first" r:id="footer1"/>' if foot and head else ""
    references += '<w:footerReference w:type="default" r:id="footer1"/>' if foot else ""
    turned = ' w:orient="landscape"' if page.width > page.height else ""
    margins = {
        "top": page.top, "right": page.right, "bottom": page.bottom, "left": page.left,
        "header": page.head, "footer": page.foot, "gutter": 0,
    }  # fmt: skip
    written = " ".join(f'w:{side}="{twips(mm)}"' for side, mm in margins.items())
    size = f'<w:pgSz w:w="{twips(page.width)}" w:h="{twips(page.height)}"{turned}/>'
    return f"<w:sectPr>{references}{size}<w:pgMar {written}/>{'<w:titlePg/>' if head else ''}</w:sectPr>"


def _head(page: Page, head: Head, *, first: bool) -> str:
    """Return the head: corner, title and code picture side by side, form code and record number below the title."""
    side = CODE_SIZE + 1
    wide = page.text_width - 2 * side
    title = Stack((Paragraph(head.title, "Title") if first else Paragraph(f"{head.title}（续页）", "SmallTitle"),))
    if first and head.above:
        title = Stack((Paragraph(head.above, "Above"), *title.blocks))
    picture = CodePicture(1 if first else 2, head.code) if head.code else ""
    upper = (
        Cell(side, head.corner, "Small", valign="top"),
        Cell(wide, title),
        Cell(side, picture, valign="top", merge="start"),
    )
    lower = (
        Cell(side + wide / 2, head.left, "Small", valign="bottom"),
        Cell(wide / 2, head.right, "Small", "right", valign="bottom"),
        Cell(side, merge="more"),
    )
    return Table((Row(upper, CODE_SIZE - 3), Row(lower, 5)), lines=False).xml() + gap().xml()


def _zip(files: Mapping[str, str], picture: bytes | None) -> bytes:
    entries = {name: text.encode() for name, text in files.items()}
    if picture:
        entries["word/media/code.png"] = picture
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, data, compresslevel=9)
    return buffer.getvalue()
