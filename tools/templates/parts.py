"""The parts of a Word file that are the same for every form: styles, settings, relations, the code's picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping

_NARROW = {"Date": '<w:w w:val="90"/>'}  # a register's columns are narrow, and a date is not to be parted
_BLACK = {"Seam": '<w:shd w:val="clear" w:color="auto" w:fill="000000"/>'}  # one line out of two and what is between
_SIDES = {"top": 23, "left": 40, "bottom": 23, "right": 40}
FIELDS = {"PAGE": "PAGE", "PAGES": "NUMPAGES"}

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_RELATIONS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
_NAMESPACES = (
    f'xmlns:w="{_WORD}" xmlns:r="{_OFFICE}" xmlns:a="{_DRAWING}/main" xmlns:pic="{_DRAWING}/picture" '
    f'xmlns:wp="{_DRAWING}/wordprocessingDrawing"'
)
_KINDS = {"header": "header", "footer": "footer", "styles": "styles", "settings": "settings", "code": "image"}

CELL_MARGINS = "".join(  # 0.7 mm at the sides, a hair above and below
    ["<w:tblCellMar>", *(f'<w:{side} w:w="{w}" w:type="dxa"/>' for side, w in _SIDES.items()), "</w:tblCellMar>"]
)
SONG, HEI = "宋体", "黑体"
# Word would push Latin letters and figures away from Chinese ones; dates and numbers are printed as they are.
_SET_SOLID = '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
# id: (name Word shows, face, half-points, line in twentieths of a point, alignment)
STYLES = {
    "Label": ("标签", HEI, 20, 280, "center"),
    "Band": ("栏组", HEI, 20, 280, "left"),
    "Small": ("小字", SONG, 18, 260, ""),
    "SmallCenter": ("小字居中", SONG, 18, 260, "center"),
    "SmallLabel": ("小标签", HEI, 18, 260, "center"),
    "Title": ("表名", HEI, 36, 480, "center"),
    "SmallTitle": ("续页表名", HEI, 24, 360, "center"),
    "Above": ("单位名", SONG, 24, 360, "center"),
    "Date": ("日期", SONG, 16, 260, "center"),
    "Foot": ("页脚", SONG, 18, 260, "center"),
    "Code": ("编码", SONG, 11, 120, "right"),
    "Gap": ("缝", SONG, 2, 10, ""),
    "Seam": ("接缝", SONG, 2, 10, ""),
}


def document(contents: str) -> str:
    """Return word/document.xml around its contents."""
    return f"{_HEAD}<w:document {_NAMESPACES}><w:body>{contents}</w:body></w:document>"


def header(contents: str) -> str:
    """Return a header part."""
    return f"{_HEAD}<w:hdr {_NAMESPACES}>{contents}</w:hdr>"


def footer(contents: str) -> str:
    """Return a footer part."""
    return f"{_HEAD}<w:ftr {_NAMESPACES}>{contents}</w:ftr>"


def relations(names: Iterable[str]) -> str:
    """Return a relations part; each relation's id is the name of the part it leads to."""
    lines = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{_KINDS[name.rstrip("12")]}" '
        f'Target="{"media/code.png" if name == "code" else f"{name}.xml"}"/>'
        for name in names
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def package(files: Mapping[str, str], *, title: str) -> dict[str, str]:
    """Return all text parts of a file around the given ones; `title` goes into its properties."""
    types = {"/word/document.xml": f"{_TYPE}.document.main+xml", "/docProps/core.xml": _CORE_TYPE}
    shared = {"word/styles.xml": _styles(), "word/settings.xml": _settings()}
    for name in (*files, *shared):
        stem = name.removeprefix("word/").removesuffix(".xml").rstrip("12")
        if stem in _KINDS:
            types[f"/{name}"] = f"{_TYPE}.{_KINDS[stem]}+xml"
    root = {"[Content_Types].xml": _content_types(types), "_rels/.rels": _root(), "docProps/core.xml": _core(title)}
    return {**root, **files, **shared}


def drawing(number: int, size: int, alt: str) -> str:
    """Return the run that shows the code's picture, `size` EMU each way, in line with the text."""
    extent = f'cx="{size}" cy="{size}"'
    named = f'id="{number}" name="code.png" descr="{alt}"'
    fill = '<a:blip r:embed="code"/><a:stretch><a:fillRect/></a:stretch>'
    shape = f'<a:xfrm><a:off x="0" y="0"/><a:ext {extent}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    return (
        '<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f"<wp:extent {extent}/><wp:docPr {named}/>"
        f'<a:graphic><a:graphicData uri="{_DRAWING}/picture"><pic:pic>'
        f"<pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr>"
        f"<pic:blipFill>{fill}</pic:blipFill><pic:spPr>{shape}</pic:spPr>"
        "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def placeholder() -> bytes:
    """Return the picture that stands where the code will: a thin square, one bit a point."""
    size, full, edge = 64, b"\x00" * 8, b"\x7f" + b"\xff" * 6 + b"\xfe"
    lines = b"".join(b"\x00" + (full if y in (0, size - 1) else edge) for y in range(size))
    header = struct.pack(">2I5B", size, size, 1, 0, 0, 0, 0)
    # Stored, not compressed: every zlib writes the same bytes.
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, data = chunk
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _styles() -> str:
    defaults = (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_face(SONG)}{_size(20)}"
        '<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault>'
        f"<w:pPrDefault><w:pPr>{_line(280)}</w:pPr></w:pPrDefault></w:docDefaults>"
    )
    normal = (
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        f"<w:pPr><w:widowControl/>{_SET_SOLID}</w:pPr></w:style>"
    )
    table = '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/></w:style>'
    own = "".join(
        f'<w:style w:type="paragraph" w:customStyle="1" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:pPr>{_BLACK.get(key, "")}{_line(line)}{_align(align)}</w:pPr>'
        f"<w:rPr>{_face(face) if face != SONG else ''}{_NARROW.get(key, '')}"
        f"{_size(size) if size != 20 else ''}</w:rPr></w:style>"
        for key, (name, face, size, line, align) in STYLES.items()
    )
    return f'{_HEAD}<w:styles xmlns:w="{_WORD}">{defaults}{normal}{table}{own}</w:styles>'


def _face(name: str) -> str:
    return f'<w:rFonts w:ascii="{name}" w:eastAsia="{name}" w:hAnsi="{name}" w:cs="{name}"/>'


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


def _line(twips: int) -> str:
    # "At least" keeps pages alike whatever face stands in, and never cuts a picture or a larger word.
    rule = "exact" if twips < 100 else "atLeast"
    return f'<w:spacing w:line="{twips}" w:lineRule="{rule}"/>'


def _align(align: str) -> str:
    return f'<w:jc w:val="{align}"/>' if align else ""


def _settings() -> str:
    # 15 is Word 2013 and later; without it Word opens the file in compatibility mode.
    mode = '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    return f'{_HEAD}<w:settings xmlns:w="{_WORD}"><w:compat>{mode}</w:compat></w:settings>'


def _core(title: str) -> str:
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></cp:coreProperties>'
    )


def _root() -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
        "</Relationships>"
    )


def _content_types(types: Mapping[str, str]) -> str:
    usual = {"rels": _RELATIONS_TYPE, "xml": "application/xml", "png": "image/png"}
    lines = [f'<Default Extension="{ending}" ContentType="{kind}"/>' for ending, kind in usual.items()]
    lines += [f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in types.items()]
    return f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">{"".join(lines)}</Types>'
