"""Keeps together on the printed page what no line's end may part: a number, a choice with its box, 第1册, 〔更1〕.

Word joiners (U+2060), and U+200B where a line may end, go into the copy LibreOffice reads, never into a document that
is kept: they leave neither ink nor text in the PDF. What is wider than its cell is left as it is, to be parted where it
can be.

LibreOffice breaks Chinese by a list of its own that knows no joiner; text of any other East Asian language by Unicode's
rules (UAX #14), which do, and keep a comma from a line's start as well. So a paragraph with joiners is called English.
Where a template calls its Latin text Chinese, that is parted anywhere too, so it is called English as well; not where
nothing stands beside a number: each of a report's ten thousand would be tagged in the PDF.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from docx.oxml.ns import nsmap
from lxml import etree

from qrecords.render.wordplaces import Styles

JOINER = "\u2060"
MAY_END = "\u200b"  # LibreOffice knows no line's end between a Chinese comma and a letter
_W = f"{{{nsmap['w']}}}"
_WHOLE = re.compile(
    r"[☑□][^\s☑□]+"  # a choice with its box
    r"|（[A-Z]+\d+-\d+[A-Z]）|第\d+[册件页版]|〔更\d+〕"
    r"|(?:\d+年)?\d+月(?:\d+日)?"
    r"|[A-Za-z0-9]+(?:[-./·:][A-Za-z0-9]+)+"  # numbers of records, telephones, parts, times
)
_ALONE = re.compile(f"(?:{_WHOLE.pattern})[^A-Za-z0-9]?")
_BEFORE_LATIN = re.compile(r"(?<=[，。、；：！？）》」』〉】〕])(?=[A-Za-z0-9])")
_BY_UNICODE = "en-US"
_LATIN = re.compile("[A-Za-z0-9]")
_NARROW = 0.62  # of the size, about the widest a figure or letter of these faces is on average
_USUAL_HALF_POINTS = 20
_SIDES = 100  # twips a cell leaves at its sides
_PAGE = 9_000  # twips of a line outside of tables


def join_words(tree: etree._Element, styles: Styles) -> bool:
    """Put joiners into a part of a Word document; tell whether there was anything to join."""
    changed = set()
    for text in tree.iter(f"{_W}t"):
        words = text.text or ""
        if not _WHOLE.search(words):
            continue
        paragraph = next(text.iterancestors(f"{_W}p"), None)
        if paragraph is None:
            continue
        room = room_of(paragraph) / 20 / points_of(text.getparent(), paragraph, styles)
        joined = _WHOLE.sub(lambda m, room=room: _whole(m[0], room), words)
        if joined != words:
            text.text = _BEFORE_LATIN.sub(MAY_END, joined)
            changed.add(paragraph)
    for paragraph in changed:
        _break_by_unicode(paragraph)
    return bool(changed)


def points_of(run: etree._Element, paragraph: etree._Element, styles: Styles) -> float:
    """Return the size of a run's characters."""
    size = styles.setting(paragraph, run, "sz")
    return int((size.get(f"{_W}val") if size is not None else None) or _USUAL_HALF_POINTS) / 2


def width_in_characters(words: str) -> float:
    """Return about how wide a text is, in Chinese characters."""
    return sum(_NARROW if unicodedata.east_asian_width(c) in ("Na", "H", "N") and c not in "☑□" else 1 for c in words)


def _break_by_unicode(paragraph: etree._Element) -> None:
    """Call the text of all of a paragraph's runs a language LibreOffice has no rules of its own for."""
    alone = _ALONE.fullmatch("".join(paragraph.itertext(f"{_W}t")).replace(JOINER, ""))
    for run in paragraph.iter(f"{_W}r"):
        settings = run.find(f"{_W}rPr")
        if settings is None:
            settings = etree.Element(f"{_W}rPr")
            run.insert(0, settings)
        language = settings.find(f"{_W}lang")
        if language is None:
            language = etree.SubElement(settings, f"{_W}lang")
        language.set(f"{_W}eastAsia", _BY_UNICODE)
        if not alone:
            language.set(f"{_W}val", _BY_UNICODE)


def _whole(words: str, room: float) -> str:
    """Return a piece with joiners where a line could end, if it fits into `room` characters."""
    if width_in_characters(words) > room:
        halves = words.rpartition("/")
        return f"{_whole(halves[0], room)}/{_whole(halves[2], room)}" if halves[0] and halves[2] else words
    pieces = [words[0]]
    for before, after in pairwise(words):
        pieces.append(after if _LATIN.match(before) and _LATIN.match(after) else JOINER + after)
    return "".join(pieces)


def room_of(paragraph: etree._Element) -> float:
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
