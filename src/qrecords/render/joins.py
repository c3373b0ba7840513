"""Keeps together on the printed page what no line's end may part: a number, a choice with its box, 第1册, 〔更1〕.

Word joiners (U+2060) go into the copy LibreOffice reads, never into a document that is kept: they leave neither ink nor
text in the PDF. What is wider than its cell is left as it is, to be parted where it can be.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from io import BytesIO
from itertools import pairwise

from docx.oxml.ns import nsmap
from lxml import etree

from qrecords.render.wordplaces import Styles
from qrecords.render.zips import join, pack

JOINER = "\u2060"
_W = f"{{{nsmap['w']}}}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_PART = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
_WHOLE = re.compile(
    r"[☑□][^\s☑□]+"  # a choice with its box
    r"|（[A-Z]+\d+-\d+[A-Z]）|第\d+[册件页版]|〔更\d+〕"
    r"|[A-Za-z0-9]+(?:[-./·][A-Za-z0-9]+)+"  # numbers of records, telephones, parts
)
_LATIN = re.compile("[A-Za-z0-9]")
_NARROW = 0.62  # of the size, about the widest a figure or letter of these faces is on average
_USUAL_HALF_POINTS = 20
_SIDES = 100  # twips a cell leaves at its sides
_PAGE = 9_000  # twips of a line outside of tables


def joined(document: bytes) -> bytes:
    """Return a Word document for conversion, with joiners; one that cannot be read comes back as it is."""
    try:
        with zipfile.ZipFile(BytesIO(document)) as archive:
            entries = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
        styles = Styles(entries.get("word/styles.xml", b""), _PARSER)
        changed = {n: new for n, data in entries.items() if _PART.fullmatch(n) and (new := _part(data, styles))}
    except (zipfile.BadZipFile, etree.XMLSyntaxError, ValueError, KeyError, NotImplementedError, EOFError):
        return document
    return join(pack(n, changed.get(n, data), level=1) for n, data in entries.items()) if changed else document


def _part(data: bytes, styles: Styles) -> bytes | None:
    tree = etree.fromstring(data, _PARSER)
    found = False
    for text in tree.iter(f"{_W}t"):
        words = text.text or ""
        if not _WHOLE.search(words):
            continue
        paragraph = next(text.iterancestors(f"{_W}p"), None)
        if paragraph is None:
            continue
        size = styles.setting(paragraph, text.getparent(), "sz")
        points = int((size.get(f"{_W}val") if size is not None else None) or _USUAL_HALF_POINTS) / 2
        room = _room(paragraph) / 20 / points
        text.text = _WHOLE.sub(lambda m, room=room: _whole(m[0], room), words)
        found = found or text.text != words
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True) if found else None


def _whole(words: str, room: float) -> str:
    """Return a piece with joiners where a line could end, if it fits into `room` characters."""
    if (
        sum(_NARROW if unicodedata.east_asian_width(c) in ("Na", "H", "N") and c not in "☑□" else 1 for c in words)
        > room
    ):
        return words
    pieces = [words[0]]
    for before, after in pairwise(words):
        pieces.append(after if _LATIN.match(before) and _LATIN.match(after) else JOINER + after)
    return "".join(pieces)


def _room(paragraph: etree._Element) -> float:
    """Return how long a line is, in twips: across its cell, or down it where text stands upright."""
    cell = next(paragraph.iterancestors(f"{_W}tc"), None)
    if cell is None:
        return _PAGE
    settings = cell.find(f"{_W}tcPr")
    if settings is not None and settings.find(f"{_W}textDirection") is not None:
        height = cell.getparent().find(f"{_W}trPr/{_W}trHeight")
    else:
        height = None
    width = settings.find(f"{_W}tcW") if settings is not None else None
    found = height if height is not None else width
    if found is None:
        return 0
    value = (
        found.get(f"{_W}val") if height is not None else found.get(f"{_W}w") if found.get(f"{_W}type") == "dxa" else ""
    )
    return max(float(value or 0) - _SIDES, 0)
