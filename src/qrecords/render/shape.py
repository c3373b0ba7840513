"""Proves of a template that what docxtpl does after Jinja would change nothing, so that it need not be done.

docxtpl parses each rendered body, mends broken nesting, fits table grids to their widest row and renumbers drawings.
On a template where every block is balanced XML, every table has an unconditional row as wide as its grid and none
wider, and nothing is drawn in the body, all of that does nothing whatever the data is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from qrecords.render.tags import TagEnvironment

_MARK = "\x01"  # stands for a block tag in the skeleton; cannot occur in XML
_TOKEN = re.compile(rf"{_MARK}([+=-])|<(/?)(w:[\w]+|[\w:.-]+)([^<>]*?)(/?)>")
_BLOCKS = {"for": "+", "if": "+", "elif": "=", "else": "=", "endfor": "-", "endif": "-"}
_SPAN = re.compile(r'\bw:val="(\d+)"')


class _Unproven(Exception):
    """The template may need docxtpl's repair."""


@dataclass
class _Table:
    block: tuple[int, ...]
    columns: int = 0
    most_cells: int = 0
    sure_width: int = 0  # of the rows that are always there


@dataclass
class _Row:
    block: tuple[int, ...]
    cells: int = 0
    width: int = 0


@dataclass
class _Reader:
    """Walks the skeleton of a part; raises _Unproven at the first thing it cannot answer for."""

    is_body: bool
    elements: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)  # (id of the branch, depth of elements at its start)
    tables: list[_Table] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    branches: int = 0

    @property
    def block(self) -> tuple[int, ...]:
        return tuple(number for number, _ in self.blocks)

    def mark(self, kind: str) -> None:
        """Pass the border of a block: what it opened it must have closed."""
        if kind != "+":
            _, depth = self.blocks.pop()
            _require(depth == len(self.elements))
        if kind != "-":
            self.branches += 1
            self.blocks.append((self.branches, len(self.elements)))

    def open(self, name: str, attributes: str) -> None:
        parent = self.elements[-1][0] if self.elements else ""
        block = self.block
        match name:
            case "w:tbl":
                self.tables.append(_Table(block))
            case "w:gridCol" if parent == "w:tblGrid":
                _require(self.tables[-1].block == block)
                self.tables[-1].columns += 1
            case "w:tr":
                self.rows.append(_Row(block))
            case "w:tc" if parent == "w:tr":
                _require(self.rows[-1].block == block)
                self.rows[-1].cells += 1
                self.rows[-1].width += 1
            case "w:gridSpan":
                span = _SPAN.search(attributes)
                above = [element for element, _ in self.elements[-3:]]
                _require(span is not None and above == ["w:tr", "w:tc", "w:tcPr"] and self.rows[-1].block == block)
                self.rows[-1].width += int(span[1]) - 1 if span else 0
            case _:
                _require(not (self.is_body and name.endswith("docPr")))
        self.elements.append((name, block))

    def close(self, name: str) -> None:
        floor = self.blocks[-1][1] if self.blocks else 0
        _require(len(self.elements) > floor and self.elements.pop() == (name, self.block))
        if name == "w:tr":
            self._end_row(self.rows.pop())
        elif name == "w:tbl":
            table = self.tables.pop()
            _require(0 < table.columns == table.sure_width and table.most_cells <= table.columns)

    def _end_row(self, row: _Row) -> None:
        # docxtpl counts the rows of inner tables as the outer table's too.
        for table in self.tables:
            table.most_cells = max(table.most_cells, row.cells)
        table = self.tables[-1]
        if row.block == table.block:
            table.sure_width = max(table.sure_width, row.width)


def needs_repair(env: TagEnvironment, source: str, *, is_body: bool) -> bool:
    """Tell whether the rendered form of a patched part may have to go through docxtpl's repair.

    Only the body's drawings are renumbered.
    """
    skeleton = _skeleton(env, source)
    reader = _Reader(is_body)
    try:
        _require("<!" not in skeleton and "<?" not in skeleton)
        for mark, slash, name, attributes, empty in _TOKEN.findall(skeleton):
            if mark:
                reader.mark(mark)
                continue
            _require(_MARK not in attributes)
            if not slash:
                reader.open(name, attributes)
            if slash or empty:
                reader.close(name)
        _require(not reader.elements and not reader.blocks)
    except (_Unproven, IndexError):
        return True
    return False


def _skeleton(env: TagEnvironment, source: str) -> str:
    """Return the part with printed values as `{}` and block tags as marks."""
    pieces, in_block = [], False
    for _, kind, text in env.lex(source):
        if kind == "data":
            pieces.append(text)
        elif kind == "variable_begin":
            pieces.append("{}")
        elif kind == "block_begin":
            in_block = True
        elif kind == "name" and in_block:
            pieces.append(_MARK + _BLOCKS.get(text, "?"))
            in_block = False
    return "".join(pieces)


def _require(holds: bool) -> None:
    if not holds:
        raise _Unproven
