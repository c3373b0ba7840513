"""Word templates to Word documents: docxtpl reads the template once, its tags are compiled once, a document is a fill.

What comes out is what docxtpl itself would write for the same template and values (tests/render/test_render_docx.py
holds the two side by side), save that nothing is read again per document and that a value never counts as a tag.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from threading import get_ident
from typing import Any

import jinja2
from docx.opc.oxml import parse_xml
from docx.oxml.ns import nsmap
from docxtpl import DocxTemplate
from lxml import etree

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput
from qrecords.render import officeactive, tags
from qrecords.render.shape import needs_repair
from qrecords.render.tags import Used
from qrecords.render.zips import Entry, join, pack

CODE_ALT_TEXT = "记录编码"  # the alternative text by which a template's code picture is known
CODE_MEDIA = "word/media/code.png"
MAX_UNPACKED = 64 * 2**20
_LEVEL = 3  # of zlib: a document is a sixth larger than at 6, and its compression takes a quarter of the time

_XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_PARAGRAPH_END = "</w:p>"
_PARAGRAPH_START = re.compile(r"<w:p(?: [^>]*)?>")
_LITERAL_BRACES = {"{_{": '{{ "{{" }}', "}_}": '{{ "}}" }}', "{_%": '{{ "{%" }}', "%_}": '{{ "%}" }}'}


@dataclass(frozen=True, slots=True)
class _Part:
    """One compiled part: where it goes in the zip, what stands around it, how its text is finished."""

    name: str
    template: jinja2.Template
    before: str = ""
    after: str = ""
    repair: bool = False


class Template:
    """One Word template, ready to fill any number of times."""

    def __init__(self, name: str, entries: Mapping[str, bytes], docx: DocxTemplate) -> None:
        self.name = name
        self._docx = docx
        env, used = tags.TagEnvironment(), tags.Used()
        self._parts = {p.name: p for p in _compile(docx, entries, env, name, used)}
        self._used = used
        self._last: dict[str, tuple[str, Entry]] = {}
        self.code_pictures = frozenset(_code_pictures(docx)) & entries.keys()
        fixed = [n for n in entries if n not in self._parts]
        # Office programs expect the list of content types first.
        fixed.sort(key=lambda n: (n != "[Content_Types].xml", n))
        self._fixed = {n: pack(n, entries[n], level=9) for n in fixed}

    @classmethod
    def load(cls, source: Path | bytes, name: str = "") -> Template:
        """Read and compile a template; InvalidInput when it is no Word file or holds a tag that is not allowed."""
        name = name or (str(source) if isinstance(source, Path) else "模板")
        try:
            data = source if isinstance(source, bytes) else source.read_bytes()
        except OSError as error:
            reason = "没有这个文件" if isinstance(error, FileNotFoundError) else error.strerror
            raise InvalidInput(f"模板 {name} 读不出：{reason}", remedy="请补上模板文件，或从备份恢复") from None
        try:
            made = copy(_kept(data, get_ident()))
        except InvalidInput:
            return _compiled(data, name)  # it says again what is wrong, and where
        made.name = name
        return made

    def tags(self) -> set[str]:
        """Return the names the template prints or asks for, those of inner rows left out."""
        return set(self._used.names)

    @property
    def used(self) -> Used:
        """Return all that the template takes from its data, rows of lists included."""
        return self._used

    def render(self, context: Mapping[str, Any], code_png: bytes | None = None) -> bytes:
        """Return the filled document; `code_png` replaces the code picture. Same input, same bytes."""
        shared = dict(context)
        return join([*self._unchanged(code_png), *(self._packed(p, shared) for p in self._parts.values())])

    def _packed(self, part: _Part, context: dict[str, Any]) -> Entry:
        """Return a part filled; heads and feet often say in one document after the other the same."""
        text = self._fill(part, context)
        before, entry = self._last.get(part.name, ("", None))
        if entry is None or text != before:
            entry = pack(part.name, text.encode(), level=_LEVEL)
            self._last[part.name] = text, entry
        return entry

    def _unchanged(self, code_png: bytes | None) -> Iterator[Entry]:
        if code_png is None:
            yield from self._fixed.values()
            return
        for name, entry in self._fixed.items():
            yield pack(name, code_png, level=1) if name in self.code_pictures else entry

    def _fill(self, part: _Part, context: dict[str, Any]) -> str:
        try:
            # As `render` does it, without two copies of the context for each part of each document.
            text = "".join(part.template.root_render_func(part.template.new_context(context, shared=True)))
        except jinja2.UndefinedError as error:
            raise InvalidInput(
                f"模板 {self.name} 里的标记「{error}」没有对应的栏目",
                remedy=advise("请改正模板，或用 {} 检查全部标记", Do.CHECK_FORMS),
            ) from None
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError):
            raise InvalidInput(
                f"模板 {self.name} 填不出：有标记拿文字当数、拿单项当明细，或反过来", remedy=tags.REMEDY
            ) from None
        text = self._resolved(text)
        if part.repair:
            text = self._repaired(part, text)
        return f"{part.before}{text}{part.after}"

    def _resolved(self, text: str) -> str:
        """Turn line breaks and tabs in values into Word's own, as docxtpl does, in the paragraphs that have any.

        docxtpl also acts on \\a and \\f; as control characters they never get this far.
        """
        done = 0
        found: list[str] = []
        while (at := _next_break(text, done)) >= 0 and (end := text.find(_PARAGRAPH_END, at)) >= 0:
            # docxtpl matches from a paragraph's start to the next paragraph's end.
            end += len(_PARAGRAPH_END)
            after = max(text.rfind(_PARAGRAPH_END, done, at), done)
            if start := _PARAGRAPH_START.search(text, after, end):
                found += [text[done : start.start()], self._docx.resolve_listing(text[start.start() : end])]
            else:
                found.append(text[done:end])
            done = end
        return "".join([*found, text[done:]]) if found else text

    def _repaired(self, part: _Part, text: str) -> str:
        """Let docxtpl mend what the template's structure left open: table grids, drawing ids, broken nesting."""
        try:
            if not part.name.endswith("document.xml"):
                return _to_text(parse_xml(text))
            tree = self._docx.fix_tables(text)
            self._docx.docx_ids_index = 1000
            self._docx.fix_docpr_ids(tree)
            return _to_text(tree)
        except (etree.XMLSyntaxError, AttributeError, TypeError, ValueError, ZeroDivisionError):
            raise InvalidInput(
                f"模板 {self.name} 填好后不成文档：标记的开始和结束没有成对放在同一层里",
                remedy="请检查表格行、段落里的 {%tr %}、{%p %} 标记是否成对",
            ) from None

    @cached_property
    def repairs(self) -> bool:
        """Tell whether documents of this template take docxtpl's slow way (tests and `forms check` ask)."""
        return any(p.repair for p in self._parts.values())


@lru_cache(maxsize=32)
def _kept(data: bytes, _thread: int) -> Template:
    """Compile a template once for a process that prints again and again: the desk shows a page after every pause.

    Each thread has its own: docxtpl numbers pictures in the template itself while it fills it.
    """
    return _compiled(data, "模板")


def _compiled(data: bytes, name: str) -> Template:
    try:
        _refuse_what_acts(data, name)
        entries = _unzip(data)
        docx = DocxTemplate(BytesIO(data))
        docx.init_docx()
        return Template(name, entries, docx)
    except InvalidInput:
        raise
    except Exception as error:  # a damaged file can fail anywhere inside zipfile, lxml and python-docx
        raise InvalidInput(
            f"模板 {name} 不是完好的 Word 文档（docx）：{type(error).__name__}",
            remedy="请用 Word 打开检查，另存为 .docx 再试",
        ) from None


def _compile(
    docx: DocxTemplate, entries: Mapping[str, bytes], env: tags.TagEnvironment, name: str, used: tags.Used
) -> Iterator[_Part]:
    """Yield the compiled parts docxtpl would render; adds to `used` what they take from their data."""
    for part_name, source, before, after in _sources(docx, entries):
        for written, literal in _LITERAL_BRACES.items():
            source = source.replace(written, literal)  # noqa: PLW2901 - the same text, readied
        is_body = bool(after)
        repair = not part_name.startswith("docProps/") and needs_repair(env, source, is_body=is_body)
        if is_body and not repair:
            source = _without_repeated_namespaces(source, before)  # noqa: PLW2901
        tree = tags.parse(env, source, name)
        used.add(tree)
        yield _Part(part_name, env.from_string(tree), before, after, repair)


def _sources(docx: DocxTemplate, entries: Mapping[str, bytes]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (zip name, patched source, text before, text after) of body, headers, footers, footnotes, properties."""
    main = docx.docx.part
    body = docx.patch_xml(docx.get_xml())
    root = docx.docx.element
    hole = etree.Element("hole")
    whole = etree.fromstring(etree.tostring(root))
    for body_element in whole.findall(f"{{{nsmap['w']}}}body"):
        whole.replace(body_element, hole)
    before, after = etree.tostring(whole, encoding="unicode").split("<hole/>")
    yield main.partname.membername, body, _XML_HEAD + before, after
    for uri in (docx.HEADER_URI, docx.FOOTER_URI):
        for _, part in docx.get_headers_footers(uri):
            yield part.partname.membername, docx.patch_xml(docx.get_part_xml(part)), _XML_HEAD, ""
    for part in main.package.parts:
        if part.content_type == _FOOTNOTES:
            yield part.partname.membername, docx.patch_xml(docx.get_part_xml(part)), _XML_HEAD, ""
    core = entries.get("docProps/core.xml", b"").decode("utf-8", "replace")
    if "{{" in core or "{%" in core:
        yield "docProps/core.xml", core, "", ""


def _next_break(text: str, start: int) -> int:
    """Return where the next line break or tab stands, -1 where there is none; an expression takes a hundred times."""
    return min((at for at in (text.find("\n", start), text.find("\t", start)) if at >= 0), default=-1)


def _without_repeated_namespaces(body: str, before: str) -> str:
    """Drop from the body's first tag the declarations the document's own tag carries already."""
    head, rest = body.split(">", 1)
    for declaration in re.findall(r' xmlns:\w+="[^"]*"', head):
        if declaration in before:
            head = head.replace(declaration, "")
    return f"{head}>{rest}"


def _code_pictures(docx: DocxTemplate) -> Iterator[str]:
    """Yield the media shown as the record's code: known by alternative text, since Word renames files as it likes."""
    yield CODE_MEDIA
    headers = [part for uri in (docx.HEADER_URI, docx.FOOTER_URI) for _, part in docx.get_headers_footers(uri)]
    for part in (docx.docx.part, *headers):
        for drawing in etree.fromstring(part.blob, _PARSER).iter(f"{{{nsmap['wp']}}}docPr"):
            if CODE_ALT_TEXT in (drawing.get("descr"), drawing.get("title"), drawing.get("name")):
                # The picture's data hangs on the same element as the words about it.
                for number in _texts(drawing.xpath("..//a:blip/@r:embed", namespaces=nsmap)):
                    relation = part.rels.get(number)
                    if relation and not relation.is_external and relation.target_ref.endswith(".png"):
                        yield relation.target_part.partname.membername


def _unzip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        if sum(i.file_size for i in archive.infolist()) > MAX_UNPACKED:
            raise InvalidInput("模板解开后过大，不像是一份表式", remedy="请换用正常的 Word 模板")
        return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}


def _refuse_what_acts(data: bytes, name: str) -> None:
    """A document must not run or fetch anything when it is opened or converted: as of every file kept."""
    try:
        found = officeactive.acts(BytesIO(data), ".docx")
    except officeactive.Refused as refused:
        why = f"模板 {name} 不是完好的 Word 文档（docx）：{refused}"
        raise InvalidInput(why, remedy="请用 Word 打开检查，另存为 .docx 再试") from None
    if found:
        raise InvalidInput(
            f"模板 {name} 里有{found}", remedy="请在 Word 里去掉宏、控件和域，断开链接，把图片或模板内容嵌入文档"
        )


def _texts(found: Any) -> list[str]:
    return list(map(str, found))


def _to_text(tree: etree._Element) -> str:
    text: str = etree.tostring(tree, encoding="unicode")
    return text
