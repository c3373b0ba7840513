"""Tell whether a row of an input was taken in before: by what it says, never by the bytes of its file.

A row that says what a record says, or once said, is that record. A row that stands where a record's row stood and says
nearly the same is that record changed. Where both could be meant, nothing is decided here: `resembling` names the
records, and people choose.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from qrecords.model.audit import fingerprint
from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.rules import is_empty
from qrecords.model.values import Values

ALIKE = 0.5  # from this share of equal fields on, two rows may be one, changed
_CHOSEN = frozenset({FieldType.ENUM, FieldType.MULTI, FieldType.BOOL})
_ABOUT = ("customer_unit", "serial_no")
_OWN_NAMES = re.compile(r"-(已编号|退回)(-[0-9]+)?$")


def fingerprints(form: Form, *versions: Values) -> list[str]:
    """Return the fingerprints of a row as it may be read: each version as it is, and with 3.30 written 3.3."""
    readings: list[Values] = []
    for version in versions:
        for reading in (version, {**version, **_plain_numbers(form, version)}):
            if reading not in readings:  # most say the same: one hash instead of four
                readings.append(reading)
    return list(dict.fromkeys(fingerprint(form.code, reading) for reading in readings))


@lru_cache(maxsize=256)
def book_name(name: str) -> str:
    """Return what a file of rows is called whatever copy it is: without ending, -已编号 and -退回."""
    return _OWN_NAMES.sub("", unicodedata.normalize("NFC", PurePath(name).stem))


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that says something else than the record: stored values, None where nothing is written."""

    field: str
    label: str
    old: Any
    new: Any


def differences(form: Form, old: Values, new: Values) -> list[Difference]:
    """Return what a row says otherwise than its record, field by field.

    What later stages added to the record, and the row does not name, is no difference unless it is the only one.
    """
    found = [
        Difference(f.key, f.label, old.get(f.key), new.get(f.key))
        for f in form.input_fields
        if not _equal(f, old.get(f.key), new.get(f.key))
    ]
    first = form.stages[0].key
    said = [d for d in found if d.new is not None or form.by_key[d.field].stage == first]
    return said or found


def share_alike(form: Form, old: Values, new: Values, *, own_words: bool = False) -> float:
    """Return which share of the fields written in either is written equally in both; defaults say nothing.

    With `own_words` choices count for nothing either, where there is anything else: half an office's rows share them.
    """
    written = [
        f
        for f in form.input_fields
        if any(not is_empty(v.get(f.key)) and v.get(f.key) != f.default for v in (old, new))
        and (f.stage == form.stages[0].key or f.key in new)
    ]
    if own_words:
        written = [f for f in written if f.type not in _CHOSEN] or written
    equal = sum(_equal(f, old.get(f.key), new.get(f.key)) for f in written)
    return equal / len(written) if written else 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A row's values and its place: in the file now read, or where the record's row stood.

    `elsewhere` when another file of the same name may be the one it stood in: then its place alone says nothing.
    """

    values: Values
    row: int | None
    record_no: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Resembling:
    """The records a row nearly says; `sure` when it can only be the one, changed."""

    record_nos: tuple[str, ...]
    sure: bool


def resembling(
    form: Form, news: Sequence[Placed], olds: Sequence[Placed], moved: Mapping[int, int]
) -> list[Resembling]:
    """Return for each new row which vanished rows it nearly says.

    `moved` tells how far the recognised rows went: row now → rows further down than before. Empty, when none was.
    """
    if not olds:  # as when a file is filled for the first time
        return [Resembling((), sure=False) for _ in news]
    keys = _key_fields(form)
    by_row: dict[int, list[Placed]] = defaultdict(list)
    by_keys: dict[tuple[Any, ...], list[Placed]] = defaultdict(list)
    for old in olds:
        if old.row:
            by_row[old.row].append(old)
        for variant in _variants(keys, old.values):
            by_keys[variant].append(old)
    near: list[tuple[list[Placed], list[Placed]]] = []
    claims: dict[str, int] = defaultdict(int)
    rows, named = sorted(moved), _named_alone(keys, news, olds)
    for new in news:
        here = by_row.get((new.row or 0) - _shift(new.row or 0, rows, moved), [])
        # A record that another row names in full is not this one's.
        here = [o for o in here if named.get(o.record_no, new) is new]
        there = {o.record_no: o for variant in _variants(keys, new.values) for o in by_keys.get(variant, ())}
        there = {no: o for no, o in there.items() if named.get(no, new) is new}
        # Where no row of the file is known, it may hold other rows altogether: only one in the same place is near.
        likely = [o for o in there.values() if moved or o.row == new.row]
        likely = [o for o in likely if share_alike(form, o.values, new.values, own_words=not moved) >= ALIKE]
        standing = [o for o in here if share_alike(form, o.values, new.values) >= ALIKE] if moved else []
        standing = [o for o in standing if not o.elsewhere or o.record_no in there]
        near.append((standing, likely))
        for record_no in {o.record_no for o in (*standing, *likely)}:
            claims[record_no] += 1
    return [
        _judged(form, keys, new, *found, claims, evident=bool(moved)) for new, found in zip(news, near, strict=True)
    ]


def _named_alone(keys: Sequence[Field], news: Sequence[Placed], olds: Sequence[Placed]) -> dict[str, Placed]:
    """Return the records whose key fields one new row alone has, all of them, and no other record."""
    by_new: dict[tuple[Any, ...], list[Placed]] = defaultdict(list)
    by_old: dict[tuple[Any, ...], list[Placed]] = defaultdict(list)
    for found, placed in ((by_new, news), (by_old, olds)):
        for one in placed:
            found[next(_variants(keys, one.values))].append(one)
    return {o[0].record_no: by_new[named][0] for named, o in by_old.items() if len(o) == 1 and len(by_new[named]) == 1}


def _judged(
    form: Form,
    keys: Sequence[Field],
    new: Placed,
    standing: Sequence[Placed],
    likely: Sequence[Placed],
    claims: Mapping[str, int],
    *,
    evident: bool,
) -> Resembling:
    found = {o.record_no: o for o in (*standing, *likely)}
    if len(found) != 1:
        return Resembling(tuple(found), sure=False)
    (old,) = found.values()
    alone = claims[old.record_no] == 1
    same_keys = all(_equal(f, old.values.get(f.key), new.values.get(f.key)) for f in keys)
    return Resembling((old.record_no,), sure=alone and (same_keys or (evident and old in standing)))


def _shift(row: int, rows: Sequence[int], moved: Mapping[int, int]) -> int:
    """Return how far the nearest recognised row above went, or the nearest below when there is none above."""
    if not moved:
        return 0
    return moved[rows[max(bisect_left(rows, row) - 1, 0)]]


def _key_fields(form: Form) -> list[Field]:
    """Return the fields that tell one record from another: date, title, whom and what it is about."""
    named = {form.date_field, *form.title_fields, *_ABOUT}
    return [f for f in form.input_fields if f.key in named or f.refers_to]


def _variants(keys: Sequence[Field], values: Values) -> Iterator[tuple[Any, ...]]:
    """Give the key values, and with each one left open in turn where enough others remain to tell."""
    written = tuple(json.dumps(comparable(f, values.get(f.key)), ensure_ascii=False, sort_keys=True) for f in keys)
    yield ("", *written)
    if len(written) > 2:
        for place in range(len(written)):
            yield (str(place), *written[:place], *written[place + 1 :])


def _equal(field: Field, one: Any, other: Any) -> bool:
    return bool(comparable(field, one) == comparable(field, other))


def comparable(field: Field, value: Any) -> Any:
    """Return a stored value without what is written several ways: 3.30 is 3.3, empty is None."""
    if is_empty(value):
        return None
    if field.type is FieldType.DEC:
        return _plain(str(value))
    if field.type is FieldType.ROWS:
        return [{c.key: comparable(c, line.get(c.key)) for c in field.columns if c.key in line} for line in value]
    return value


def _plain_numbers(form: Form, values: Values) -> dict[str, Any]:
    """Return the values that hold decimal numbers, these without what says nothing: 3.30 as 3.3."""
    fields = [f for f in form.with_decimals if f.key in values]
    return {f.key: v for f in fields if (v := comparable(f, values[f.key])) is not None}


def _plain(number: str) -> str:
    return format(Decimal(number).normalize(), "f")
