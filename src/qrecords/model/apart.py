"""What of a record an account may not see, though it may read the record: fields kept apart (QS/PA758A 5.11.1).

A form says which of its fields and columns are kept apart, and as what (`apart = "price"`); access.toml says whose
rights see it (`sees = ["price"]`). A record is given to an account without them; steps that need it whole are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.model.rules import is_empty
from qrecords.model.textnorm import normalise

PERFORMING_UNIT = "performing_unit"  # the field that names the unit whose record it is
UNIT = "unit"  # the kind of what belongs to another unit
Changes = Mapping[str, Sequence[Any]]  # of each field the old and the new value


@dataclass(frozen=True, slots=True)
class Place:
    """A field, or a column of its rows, kept apart as one kind of thing; with `units` the rows of all other units.

    `units` are those whose rows stay, in normal form; `column` is then the one that names a row's unit.
    """

    kind: str
    key: str
    column: str = ""
    units: frozenset[str] | None = None

    @property
    def path(self) -> str:
        """Return `key` or `key.column`, as a form labels it."""
        return f"{self.key}.{self.column}" if self.column and self.units is None else self.key

    def hides_row(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a whole row belongs to a unit none of `units`."""
        return self.units is not None and normalise(str(row.get(self.column) or "")) not in self.units


def unseen(places: Iterable[Place], seen: Collection[str]) -> list[Place]:
    """Return the places whose kind is none of those seen."""
    return [place for place in places if place.kind not in seen]


def held(places: Iterable[Place], values: Mapping[str, Any], changes: Sequence[Changes]) -> list[Place]:
    """Return the places in which something stands, or stood before a correction."""
    return [p for p in places if _stands(p, values) or any(_changed(p, c) for c in changes)]


def values_without(values: Mapping[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    """Return values without what stands in these places; rows stay, without those columns."""
    left = dict(values)
    for place in places:
        if not place.column:
            left.pop(place.key, None)
        elif place.key in left:
            left[place.key] = _rows_without(left[place.key], place)
            if place.units is not None and not left[place.key]:
                del left[place.key]
    return left


def changes_without(changes: Changes, places: Iterable[Place]) -> dict[str, list[Any]]:
    """Return a correction's changes, old and new value of each field, without what stands in these places."""
    left = {key: [*change] for key, change in changes.items()}
    for place in places:
        if place.key in left:
            left[place.key] = [_rows_without(rows, place) if place.column else None for rows in left[place.key]]
    return {key: change for key, change in left.items() if change[0] != change[1]}


def _rows_without(rows: Any, place: Place) -> Any:
    if not isinstance(rows, list):
        return rows
    if place.units is not None:
        return [row for row in rows if not (isinstance(row, Mapping) and place.hides_row(row))]
    return [{k: v for k, v in row.items() if k != place.column} if isinstance(row, Mapping) else row for row in rows]


def _stands(place: Place, values: Mapping[str, Any]) -> bool:
    value = values.get(place.key)
    if not place.column:
        return not is_empty(value)
    rows = value if isinstance(value, list) else []
    if place.units is not None:
        return any(isinstance(row, Mapping) and place.hides_row(row) for row in rows)
    return any(isinstance(row, Mapping) and not is_empty(row.get(place.column)) for row in rows)


def _changed(place: Place, changes: Changes) -> bool:
    return any(_stands(place, {place.key: value}) for value in changes.get(place.key, ()))
