"""Where the tags of a Word template stand, and what about these places keeps a value from the paper.

Only what the file itself says; whether a value really is printed in full, the paper tells (`render.paper`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from docx.oxml.ns import nsmap
from lxml import etree

_W = f"{{{nsmap['w']}}}"
_VAL = f"{_W}val"
_TAG = re.compile(r"\{\{-?\s*(\w+(?:\.\w+)?)[^{}]*\}\}")
_LEAST_HALF_POINTS = 10
_FAINTEST = 0xBF  # grey lighter than this is lost on a copy
_TWIPS_PER_POINT, _TWIPS_PER_MM = 20, 56.7
_LONGEST_LABEL = 20
_SINGLE = 240


@dataclass(frozen=True, slots=True)
class Quirk:
    """A setting that can keep a value from the paper; `always` ones do so however short the value is."""

    says: str
    remedy: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag stands: its name, words a person finds it by, what is odd there."""

    tag: str
    words: str
    quirks: tuple[Quirk, ...]


class Styles:
    """What styles say of paragraphs and runs, their ancestors included."""

    def __init__(self, data: bytes, parser: etree.XMLParser) -> None:
        tree = etree.fromstring(data, parser) if data else etree.Element("none")
        self._by_id = {s.get(f"{_W}styleId"): s for s in tree.iter(f"{_W}style")}
        normal = [s for s in self._by_id.values() if s.get(f"{_W}default") == "1" and s.get(f"{_W}type") == "paragraph"]
        self._fallback = [*normal, *tree.iter(f"{_W}rPrDefault", f"{_W}pPrDefault")]

    def setting(self, paragraph: etree._Element, run: etree._Element | None, name: str) -> etree._Element | None:
        """Return the element of that name which counts: the run's own, its style's, the paragraph's style's."""
        return next(self._settings(paragraph, run, name), None)

    def line_rule(self, paragraph: etree._Element) -> etree._Element | None:
        """Return the spacing that says how high a paragraph's lines are; others say only what is before and after."""
        spacings = self._settings(paragraph, None, "spacing")
        return next((s for s in spacings if s.get(f"{_W}line")), None)

    def _settings(self, paragraph: etree._Element, run: etree._Element | None, name: str) -> Iterator[etree._Element]:
        for owner in self._owners(paragraph, run):
            for kind in ("rPr", "pPr"):
                found = owner.find(f"{_W}{kind}/{_W}{name}")
                if found is not None:
                    yield found

    def _owners(self, paragraph: etree._Element, run: etree._Element | None) -> Iterator[etree._Element]:
        if run is not None:
            yield run
            yield from self._line(run.find(f"{_W}rPr/{_W}rStyle"))
        yield paragraph
        yield from self._line(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        yield from self._fallback

    def _line(self, named: etree._Element | None) -> Iterator[etree._Element]:
        seen: set[str] = set()
        key = named.get(_VAL) if named is not None else None
        while key and key not in seen and key in self._by_id:
            seen.add(key)
            yield self._by_id[key]
            based = self._by_id[key].find(f"{_W}basedOn")
            key = based.get(_VAL) if based is not None else None


class TagPlaces:
    """The tags of a template's parts with their places; `parts` by what a person calls them (正文, 页眉)."""

    def __init__(self, parts: Mapping[str, etree._Element], styles: Styles, names: Mapping[str, str]) -> None:
        self._parts, self._styles, self._names = parts, styles, names

    @cached_property
    def all(self) -> list[Place]:
        """Return every place of a printed value."""
        return [place for name, tree in self._parts.items() for place in self._in(tree, self._names[name])]

    def _in(self, tree: etree._Element, part: str) -> Iterator[Place]:
        for paragraph in tree.iter(f"{_W}p"):
            texts = [t for t in paragraph.iter(f"{_W}t") if next(t.iterancestors(f"{_W}p")) is paragraph]
            whole = "".join(t.text or "" for t in texts)
            starts = _starts(texts)
            for found in _TAG.finditer(whole):
                carrier = next(t for start, t in reversed(starts) if start <= found.start())
                run = carrier.getparent()
                label = _label_near(paragraph, whole)
                where = f"{part}「{label}」处的" if label else f"{part}的"
                yield Place(found[1], f"{where} {found[0]}", tuple(self._quirks(paragraph, run)))

    def _quirks(self, paragraph: etree._Element, run: etree._Element | None) -> Iterator[Quirk]:
        yield from self._of_run(paragraph, run)
        yield from self._of_line(paragraph, run)
        yield from _around(paragraph)

    def _of_run(self, paragraph: etree._Element, run: etree._Element | None) -> Iterator[Quirk]:
        hidden = self._styles.setting(paragraph, run, "vanish")
        if hidden is not None and _is_on(hidden):
            yield Quirk("设成了隐藏文字，不印出来", "请在“字体”里去掉“隐藏”", always=True)
        size = _number(self._styles.setting(paragraph, run, "sz"))
        if size is not None and size < _LEAST_HALF_POINTS:
            yield Quirk(f"字号只有 {size / 2:g} 磅，看不清", "请改为5磅以上，通常用五号", always=True)
        color = self._styles.setting(paragraph, run, "color")
        value = color.get(_VAL, "") if color is not None else ""
        if re.fullmatch("[0-9A-Fa-f]{6}", value) and _brightness(value) > _FAINTEST and not _on_dark(paragraph):
            yield Quirk(f"字的颜色太浅（{value}），印出来看不见", "请改为黑色", always=True)
        squeezed = _number(self._styles.setting(paragraph, run, "w"))
        if squeezed is not None and squeezed < 40:
            yield Quirk(f"字符缩放只有 {squeezed}%，看不清", "请改为100%", always=True)

    def _of_line(self, paragraph: etree._Element, run: etree._Element | None) -> Iterator[Quirk]:
        fixed = exact_line(self._styles, paragraph)
        size = _number(self._styles.setting(paragraph, run, "sz")) or 20
        if fixed is not None and fixed * 2 < size:
            yield Quirk(
                f"行距是固定值 {fixed:g} 磅，比字号 {size / 2:g} 磅还小，字会被裁掉", "请改为单倍行距", always=True
            )


def exact_line(styles: Styles, paragraph: etree._Element) -> float | None:
    """Return a paragraph's fixed line spacing in points; None when lines grow with what stands in them."""
    spacing = styles.line_rule(paragraph)
    if spacing is None or spacing.get(f"{_W}lineRule") != "exact":
        return None
    return int(spacing.get(f"{_W}line") or _SINGLE) / _TWIPS_PER_POINT


def exact_row(element: etree._Element) -> float | None:
    """Return the fixed height, in millimetres, of the innermost table row around an element that has one."""
    for row in element.iterancestors(f"{_W}tr"):
        height = row.find(f"{_W}trPr/{_W}trHeight")
        if height is not None and height.get(f"{_W}hRule") == "exact":
            return int(height.get(_VAL) or 0) / _TWIPS_PER_MM
    return None


def _around(paragraph: etree._Element) -> Iterator[Quirk]:
    """Find what stands around a paragraph: rows and frames of fixed size, text boxes, content controls."""
    fixed = exact_row(paragraph)
    if fixed is not None:
        how = "请在“表格属性→行”里把行高值由“固定值”改为“最小值”"
        yield Quirk(f"所在表格行的行高是固定值 {fixed:.0f} 毫米，写得多时印不下", how)
    if any(True for _ in paragraph.iterancestors(f"{_W}txbxContent")):
        yield Quirk("在文本框里，写得多时印不下，也不会续到下一页", "请移到表格或正文里")
    frame = paragraph.find(f"{_W}pPr/{_W}framePr")
    if frame is not None and frame.get(f"{_W}hRule") == "exact":
        yield Quirk("在高度固定的图文框里，写得多时印不下", "请移到表格或正文里")
    for control in paragraph.iterancestors(f"{_W}sdt"):
        if control.find(f"{_W}sdtPr/{_W}dataBinding") is not None:
            yield Quirk("在绑定了数据的内容控件里，Word 打开时会换成别的内容", "请删去内容控件，留下标记", always=True)
        elif control.find(f"{_W}sdtPr/{_W}showingPlcHdr") is not None:
            yield Quirk("是内容控件的提示文字，不算填写的内容", "请删去内容控件，留下标记", always=True)


def _label_near(paragraph: etree._Element, whole: str) -> str:
    """Return the words beside a tag by which a person finds it: before it, to its left, at its column's head."""
    own = _TAG.split(whole)[0].strip(" ：:　")
    if own and "{%" not in own:
        return own[-_LONGEST_LABEL:]
    cell = next(paragraph.iterancestors(f"{_W}tc"), None)
    if cell is None:
        return ""
    for other in cell.itersiblings(f"{_W}tc", preceding=True):
        if (words := _words(other)) and "{" not in words:
            return words[:_LONGEST_LABEL]
    row = cell.getparent()
    place = list(row.iterchildren(f"{_W}tc")).index(cell) if row is not None else 0
    for above in row.itersiblings(f"{_W}tr", preceding=True) if row is not None else ():
        cells = list(above.iterchildren(f"{_W}tc"))
        if len(cells) > place and (words := _words(cells[place])) and "{" not in words:
            return words[:_LONGEST_LABEL]
    return ""


def _words(element: etree._Element) -> str:
    return "".join(t.text or "" for t in element.iter(f"{_W}t")).strip()


def _starts(texts: list[etree._Element]) -> list[tuple[int, etree._Element]]:
    starts, total = [], 0
    for text in texts:
        starts.append((total, text))
        total += len(text.text or "")
    return starts


def _is_on(setting: etree._Element) -> bool:
    return setting.get(_VAL, "true") not in {"0", "false", "off"}


def _number(setting: etree._Element | None) -> int | None:
    value = setting.get(_VAL, "") if setting is not None else ""
    return int(value.rstrip("%")) if value.rstrip("%").isdigit() else None


def _brightness(color: str) -> float:
    red, green, blue = (int(color[n : n + 2], 16) for n in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _on_dark(paragraph: etree._Element) -> bool:
    """Tell whether a cell or paragraph has a dark ground, on which light text is seen."""
    cell = next(paragraph.iterancestors(f"{_W}tc"), None)
    for owner, path in ((paragraph, "pPr"), (cell, "tcPr")):
        shade = owner.find(f"{_W}{path}/{_W}shd") if owner is not None else None
        fill = shade.get(f"{_W}fill", "") if shade is not None else ""
        if re.fullmatch("[0-9A-Fa-f]{6}", fill) and _brightness(fill) < 0x80:
            return True
    return False
