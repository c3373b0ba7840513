"""Looks at a Word template as a person made it: tags broken or left open, faces it asks for, the code's place.

What docxtpl heals is told as a note, what it cannot heal as a problem. Nothing here needs the form's definition.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import PurePosixPath

from docx.oxml.ns import nsmap
from lxml import etree

from qrecords.render.docx import CODE_ALT_TEXT
from qrecords.render.wordplaces import Place, Styles, TagPlaces, exact_line, exact_row

CODE_LEAST_MM = 20.0
_EMU_PER_MM = 36_000
_POINTS_PER_MM = 72 / 25.4
_W, _A, _WP = (f"{{{nsmap[p]}}}" for p in ("w", "a", "wp"))
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_PART = re.compile(r"^word/(document|header\d*|footer\d*|footnotes)\.xml$")
_PLACES = {"document": "正文", "header": "页眉", "footer": "页脚", "footnotes": "脚注"}
_TAG = re.compile(r"\{[{%].*?[}%]\}")
_OPENING, _CLOSING = re.compile(r"\{[{%]"), re.compile(r"[}%]\}")
_WIDE_BRACES = re.compile("[｛｝]")
_BLOCK = re.compile(r"\{%-?(?:(tr|tc|p|r)\s)?\s*(for|if|elif|else|endfor|endif)\b.*?%\}")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in a template; `grave` ones keep a form from being filled as meant."""

    message: str
    grave: bool


@dataclass(frozen=True, slots=True)
class CodeArea:
    """A picture that is the code's place: the part it stands in, width and height in millimetres, what cuts it off."""

    part: str
    width: float
    height: float
    cut_by: str = ""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    place: str
    pieces: tuple[str, ...]  # text by run
    text: str


class WordFile:
    """A template's parts, read once; nothing is compiled."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            self._entries = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
        self._parts = {n: etree.fromstring(d, _PARSER) for n, d in self._entries.items() if _PART.match(n)}

    def tag_findings(self) -> list[Finding]:
        """Return tags broken over runs, left open, in full-width braces or in tracked changes; loops without an end."""
        found: list[Finding] = []
        for name, tree in self._parts.items():
            paragraphs = list(_paragraphs(tree, _place(name)))
            for paragraph in paragraphs:
                found += _in_paragraph(paragraph)
            found += _blocks(paragraphs, _place(name))
            if _has_tracked_tags(tree):
                found.append(Finding(f"{_place(name)}里有带标记的修订（批改痕迹），请先接受全部修订", grave=True))
        return list(dict.fromkeys(found))

    def faces(self) -> list[str]:
        """Return the names of the faces styles and text ask for, those of the theme included."""
        named: dict[str, None] = {}
        for tree in [*self._parts.values(), *self._trees("word/styles.xml")]:
            for fonts in tree.iter(f"{_W}rFonts"):
                asked = (fonts.get(f"{_W}{kind}") for kind in ("ascii", "hAnsi", "eastAsia"))
                named |= dict.fromkeys(name for name in asked if name)
                if any(fonts.get(f"{_W}{kind}Theme") for kind in ("ascii", "hAnsi", "eastAsia")):
                    named |= dict.fromkeys(self._theme_faces())
        return list(named)

    def code_areas(self) -> list[CodeArea]:
        """Return the PNG pictures whose alternative text names them as the code's place."""
        found = []
        for name, tree in self._parts.items():
            targets = self._targets(name)
            for properties in tree.iter(f"{_WP}docPr"):
                frame = properties.getparent()
                if frame is None or CODE_ALT_TEXT not in (properties.get(k) for k in ("descr", "title", "name")):
                    continue
                media = [targets.get(b.get(f"{_REL}embed") or "", "") for b in frame.iter(f"{_A}blip")]
                extent = frame.find(f"{_WP}extent")
                if extent is not None and any(m.endswith(".png") for m in media):
                    width, height = (int(extent.get(side) or 0) / _EMU_PER_MM for side in ("cx", "cy"))
                    found.append(CodeArea(name, width, height, self._cutting(properties, height)))
        return found

    def places(self) -> list[Place]:
        """Return where every printed value stands, and what is odd there."""
        return TagPlaces(self._parts, self._styles, {name: _place(name) for name in self._parts}).all

    def _cutting(self, picture: etree._Element, height: float) -> str:
        """Say what leaves but a strip of a picture in the line of text: fixed line spacing, a row of fixed height."""
        paragraph = next(picture.iterancestors(f"{_W}p"), None)
        if paragraph is None or next(picture.iterancestors(f"{_WP}inline"), None) is None:
            return ""
        line = exact_line(self._styles, paragraph)
        if line is not None and line < height * _POINTS_PER_MM:
            return f"所在段落的行距是固定值 {line:g} 磅，图片只露出一条，请改为单倍行距"
        row = exact_row(paragraph)
        if row is not None and row < height:
            return f"所在表格行的行高是固定值 {row:.0f} 毫米，图片露不全，请改为最小值"
        return ""

    @cached_property
    def _styles(self) -> Styles:
        return Styles(self._entries.get("word/styles.xml", b""), _PARSER)

    def code_findings(self) -> list[Finding]:
        """Return what is wrong with the place of the record's code: missing, not on every page, smaller than 2 cm."""
        areas = self.code_areas()
        if not areas:
            how = f"请在页眉里插入一张 PNG 图片，边长至少2厘米，替代文字写「{CODE_ALT_TEXT}」，填表时会换成二维码"
            return [Finding(f"缺少编码区：{how}", grave=True)]
        found = []
        if not any(PurePosixPath(a.part).name.startswith(("header", "footer")) for a in areas):
            found.append(Finding("编码区只在正文里，续页上没有；请放到页眉里", grave=True))
        if small := [a for a in areas if min(a.width, a.height) < CODE_LEAST_MM]:
            size = f"{small[0].width:.0f}×{small[0].height:.0f}"
            found.append(Finding(f"编码区只有 {size} 毫米，至少要 20×20 毫米才扫得出", grave=True))
        found += [Finding(f"{_place(a.part)}的编码区：{a.cut_by}", grave=True) for a in areas if a.cut_by]
        if not found:
            found += self._heads_without({a.part for a in areas})
        return list(dict.fromkeys(found))

    def _heads_without(self, with_code: set[str]) -> Iterator[Finding]:
        """Find the pages on which no code stands, by the heads and feet each section gives them."""
        body = self._parts.get("word/document.xml")
        if body is None:
            return
        targets = {k: f"word/{t.removeprefix('/word/')}" for k, t in self._targets("word/document.xml").items()}
        settings = next(self._trees("word/settings.xml"), None)
        two_sided = settings is not None and _is_set(settings, "evenAndOddHeaders")
        current: dict[tuple[str, str], str] = {}  # a section without a head of its own has the one before it
        for number, section in enumerate(body.iter(f"{_W}sectPr"), start=1):
            for kind in ("header", "footer"):
                for reference in section.iter(f"{_W}{kind}Reference"):
                    part = targets.get(reference.get(f"{_REL}id") or "", "")
                    current[kind, reference.get(f"{_W}type") or "default"] = part
            which = ["default"]
            which += ["first"] if _is_set(section, "titlePg") else []
            which += ["even"] if two_sided else []
            for pages in which:
                on_first = number == 1 and pages == "first" and "word/document.xml" in with_code
                if not on_first and not {current.get((k, pages), "") for k in ("header", "footer")} & with_code:
                    yield Finding(_no_code(number, pages), grave=True)

    def _trees(self, *names: str) -> Iterator[etree._Element]:
        for name in names:
            if name in self._entries:
                yield etree.fromstring(self._entries[name], _PARSER)

    def _theme_faces(self) -> list[str]:
        faces = []
        for name in sorted(n for n in self._entries if n.startswith("word/theme/") and n.endswith(".xml")):
            for tree in self._trees(name):
                for family in ("latin", "ea"):
                    faces += [face for e in tree.iter(f"{_A}{family}") if (face := e.get("typeface"))]
        return [face for face in faces if not face.startswith("+")]

    def _targets(self, part: str) -> Mapping[str, str]:
        path = PurePosixPath(part)
        return {
            relation.get("Id", ""): relation.get("Target", "")
            for tree in self._trees(f"{path.parent}/_rels/{path.name}.rels")
            for relation in tree
        }


def _no_code(section: int, pages: str) -> str:
    which = {"first": "首页", "even": "偶数页", "default": "续页"}[pages]
    of = f"第{section}节" if section > 1 else ""
    return (
        f"编码区：{of}{which}的页眉里没有编码图片，这些页印出来没有编码；请把首页页眉里的图片也放到{of}{which}的页眉里"
    )


def _is_set(owner: etree._Element, name: str) -> bool:
    found = owner.find(f"{_W}{name}")
    return found is not None and found.get(f"{_W}val", "true") not in {"0", "false", "off"}


def _place(part: str) -> str:
    return next(words for kind, words in _PLACES.items() if PurePosixPath(part).name.startswith(kind))


def _paragraphs(tree: etree._Element, place: str) -> Iterator[_Paragraph]:
    for element in tree.iter(f"{_W}p"):
        # Text boxes hold paragraphs of their own inside a run: those are asked on their own.
        texts = [t for t in element.iter(f"{_W}t") if next(t.iterancestors(f"{_W}p")) is element]
        pieces = tuple(t.text or "" for t in texts)
        if pieces:
            yield _Paragraph(place, pieces, "".join(pieces))


def _in_paragraph(paragraph: _Paragraph) -> Iterator[Finding]:
    text = paragraph.text
    if _WIDE_BRACES.search(text) and not _TAG.search(text):
        yield Finding(f"{paragraph.place}「{_short(text)}」用了全角的花括号，标记要写半角 {{{{ }}}}", grave=True)
    bare = _TAG.sub("", text)
    if _OPENING.search(bare) or _CLOSING.search(bare):
        message = f"{paragraph.place}「{_short(text)}」里的标记没有写完；一个标记要写在同一段里，两头都要有花括号"
        yield Finding(message, grave=True)
    ends, total = [], 0
    for piece in paragraph.pieces:
        total += len(piece)
        ends.append(total)
    for tag in _TAG.finditer(text):
        if any(tag.start() < end < tag.end() for end in ends[:-1]):
            how = "填得出来；要想字体一致，请把它整个重新打一遍"
            yield Finding(f"{paragraph.place}里的标记 {tag[0]} 被 Word 拆成了几段（{how}）", grave=False)


def _blocks(paragraphs: list[_Paragraph], place: str) -> Iterator[Finding]:
    """Find for and if without their end, ends without a beginning, and ends that belong to something else."""
    open_: list[tuple[str, str, str]] = []
    for paragraph in paragraphs:
        for tag in _BLOCK.finditer(paragraph.text):
            level, word = tag[1] or "", tag[2]
            if word in {"for", "if"}:
                open_.append((level, word, tag[0]))
            elif word.startswith("end"):
                if not open_:
                    yield Finding(f"{place}里的 {tag[0]} 前面没有开头的标记", grave=True)
                    continue
                began, what, shown = open_.pop()
                if word != f"end{what}" or level != began:
                    end = f"{{%{began and began + ' '}end{what} %}}"
                    yield Finding(f"{place}里 {shown} 要以 {end} 结尾，写的却是 {tag[0]}", grave=True)
    for level, what, shown in open_:
        end = f"{{%{level and level + ' '}end{what} %}}"
        yield Finding(f"{place}里的 {shown} 没有结尾，请在要重复的内容后面写上 {end}", grave=True)


def _has_tracked_tags(tree: etree._Element) -> bool:
    changed = [*tree.iter(f"{_W}ins"), *tree.iter(f"{_W}del")]
    texts = ("".join(t.text or "" for t in e.iter(f"{_W}t", f"{_W}delText")) for e in changed)
    return any(_OPENING.search(text) or _CLOSING.search(text) for text in texts)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
