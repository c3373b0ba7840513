"""A layout any form can have: its stages one below the other, short fields in pairs, lists as tables, boxes at the end.

Forms whose procedure draws no layout of its own take this one; the office may put its own template in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from tools.templates.blocks import Row, together
from tools.templates.document import LANDSCAPE, Head
from tools.templates.registers import Layout, build_register
from tools.templates.sheet import LOW_ROW, Sheet
from tools.templates.standard import archive

_IN_HEAD = frozenset({"secrecy_level", "secrecy_period"})
_NARROW = 5.8  # millimetres a character of a choice takes with its box
# What a column of a list is wide, in millimetres; those of text share what is left.
_COLUMN = {
    FieldType.DATE: 28.0,
    FieldType.DATETIME: 34.0,
    FieldType.INT: 12.0,
    FieldType.DEC: 16.0,
    FieldType.BOOL: 14.0,
    FieldType.COMPUTED: 20.0,
    FieldType.ENUM: 22.0,
}
_LEAST = 17.0
_NUMBER = 27.0  # an item's number, JH-2026-P1-001, on one line; a record's, QR758-06A-2026-00001
_SHORT_NUMBER = 20  # characters
_RECORD_NO = 38.0
_TWO_LINES = 8  # a label longer than this takes two lines beside another field
_ALONE = 46.0  # the label of a field alone on its row, on one line
_NARROWEST, _SHORT_WORD, _WORD = 9.5, 12.0, 10  # where columns crowd: a small number, a word of ten characters
_SHORT_HEADING = 4  # characters
_SERIES = 300  # a text of so many figures, one a month, takes more than others
_SHORT = 60  # a text of at most so many characters takes a third of what a longer one takes


def build(form: Form) -> bytes:
    """Return the template of a form: a sheet, or a register's page."""
    if form.is_register:
        return build_register(form, _register(form))
    s = Sheet(form, LANDSCAPE, row=LOW_ROW) if form.layout == "landscape" else Sheet(form, row=LOW_ROW)
    parts: list[tuple[Row, ...]] = []
    for number, stage in enumerate(form.stages):
        fields = [f for f in form.stage_fields(stage.key) if f.key not in _IN_HEAD]
        if fields:
            parts += _stage(s, f"{'一二三四五六七八九'[number]}、{stage.label}", fields)
    end = together(s.pairs("supervisor_opinion", "supervisor_signature", height=13), archive(s))
    head = Head(left=f"{Head().left}　　签署齐全、归档前{form.until_filed}") if form.until_filed else None
    return s.document(*_joined([*parts, end]), head=head)


def _stage(s: Sheet, title: str, fields: list[Field]) -> Iterator[tuple[Row, ...]]:
    heading: tuple[Row, ...] = (s.band(title),)
    waiting: list[Field] = []

    def in_pairs() -> tuple[Row, ...]:
        rows = [*_paired(s, waiting)]
        waiting.clear()
        return tuple(rows)

    for field in fields:
        if field.key == "supervisor_signature":
            continue
        if field.type is FieldType.ROWS:
            yield (*heading, *in_pairs())
            heading = ()
            yield s.rows(field.key, _widths(field, s.width - 10))
        elif field.type is FieldType.LTEXT or _wide(field, s.width):
            name = field.key if field.type is FieldType.LTEXT else f"{field.key}_boxes"
            row = s.text(name) if field.type is FieldType.LTEXT else s.pairs(name)
            heading = (*heading, *in_pairs(), row)
        else:
            waiting.append(field)
    yield (*heading, *in_pairs())


def _joined(parts: list[tuple[Row, ...]]) -> Iterator[tuple[Row, ...]]:
    """Give the parts with neighbours that are no lists as one: a list heads a table of its own."""
    together_so_far: tuple[Row, ...] = ()
    for part in parts:
        if any(row.heading for row in part):
            if together_so_far:
                yield together_so_far
            yield part
            together_so_far = ()
        else:
            together_so_far = (*together_so_far, *part)
    yield together_so_far


def _paired(s: Sheet, fields: list[Field]) -> Iterator[Row]:
    for boxes in (False, True):
        same = [f for f in fields if (f.type in BOXES) is boxes]
        for n in range(0, len(same), 2):
            names = [f"{f.key}_boxes" if f.choices or f.type is FieldType.BOOL else f.key for f in same[n : n + 2]]
            alone = len(names) == 1 and len(s.label(names[0])) > _TWO_LINES
            label = {"label": _ALONE} if alone else {}
            yield s.pairs(*names, height=13, **label) if boxes else s.pairs(*names, **label)


def _wide(field: Field, width: float) -> bool:
    if field.type is FieldType.MULTI:
        return True
    return sum(len(c) + 1.2 for c in field.choices) * _NARROW * 0.62 > width / 2 - 27


def _widths(field: Field, width: float) -> Mapping[str, float]:
    """Return the columns' widths: dates and figures what they need, texts what is left, longer ones thrice as much."""
    columns = [c for c in field.columns if c.type not in BOXES]
    narrow = {c.key: _fixed(c) for c in columns if c.type in _COLUMN or _is_number(c)}
    fixed = {c.key: max(narrow[c.key], _one_line(c)) for c in columns if c.key in narrow}
    if _full(fixed, columns) > width:
        fixed = narrow
    if _full(fixed, columns) > width:
        fixed |= {c.key: found for c in columns if (found := _crowded(c))}
    texts = {c.key: _share(c) for c in columns if c.key not in fixed}
    if not texts:
        scale = width / sum(fixed.values())
        found = {key: round(value * scale, 1) for key, value in fixed.items()}
    else:
        share = max(width - sum(fixed.values()), _LEAST * len(texts)) / sum(texts.values())
        found = fixed | {key: round(part * share, 1) for key, part in texts.items()}
    ordered = {c.key: found[c.key] for c in columns}
    widest = max(texts or ordered, key=lambda key: ordered[key])
    return ordered | {widest: 0}  # it takes what is left


def _full(fixed: Mapping[str, float], columns: Sequence[Field]) -> float:
    """Return what columns take at least."""
    return sum(fixed.values()) + _LEAST * (len(columns) - len(fixed))


def _one_line(column: Field) -> float:
    """Return what a short heading takes on one line; 0 for a longer one, which takes two."""
    return len(column.label) * 3.4 + 2 if len(column.label) <= _SHORT_HEADING else 0.0


def _crowded(column: Field) -> float:
    """Return what a column of small numbers or short words needs where there are many; 0 for others."""
    if column.type is FieldType.INT and column.label.isalpha():  # 近12月 would leave 月 alone on its line
        return max(_NARROWEST, -(-len(column.label) // 2) * 3.18 + 1.6)
    return _SHORT_WORD if column.type is FieldType.TEXT and 0 < column.max_length <= _WORD else 0.0


def _is_number(column: Field) -> bool:
    return column.type is FieldType.TEXT and column.key.endswith("_no")


def _fixed(column: Field) -> float:
    if _is_number(column):
        return _NUMBER if 0 < column.max_length <= _SHORT_NUMBER else _RECORD_NO
    if column.type is FieldType.ENUM:
        return max(14.0, min(max(map(len, column.choices)), 6) * 3.4 + 3)
    return max(_COLUMN[column.type], -(-len(column.label) // 2) * 3.18 + 1.6)  # a heading may take two lines


def _share(column: Field) -> float:
    if column.type is FieldType.LTEXT:
        return 3.0
    if column.max_length >= _SERIES:
        return 2.4
    return 1.0 if 0 < column.max_length <= _SHORT else 1.6


def _register(form: Form) -> Layout:
    """Return a register's columns: two fields below each other, a long text by itself."""
    fields = [f for f in form.fields if f.type not in BOXES and f.key not in _IN_HEAD]
    columns: list[tuple[str, ...]] = []
    for field in fields:
        alone = field.type is FieldType.LTEXT
        open_column = columns and len(columns[-1]) < 2 and form.by_key[columns[-1][0]].type is not FieldType.LTEXT
        if alone or not open_column:
            columns.append((field.key,))
        else:
            columns[-1] = (*columns[-1], field.key)
    weights = [2.0 if form.by_key[c[0]].type is FieldType.LTEXT else 1.0 for c in columns]
    return [
        (0.0 if n == weights.index(max(weights)) else round(230 * weight / sum(weights), 1), column)
        for n, (weight, column) in enumerate(zip(weights, columns, strict=True))
    ]
