"""What of a record an account may not see, though it may read the record: fields kept apart (QS/PA758A 5.11.1).

A form says which of its fields and columns are kept apart, and as what (`apart = "price"`); access.toml says whose
rights see it (`sees = ["price"]`). A record is given to an account without them; steps that need it whole are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.model.rules import is_empty

Changes = Mapping[str, Sequence[Any]]  # of each field the old and the new value


@dataclass(frozen=True, slots=True)
class Place:
    """A field, or a column of its rows, kept apart as one kind of thing."""

    kind: str
    key: str
    column: str = ""

    @property
    def path(self) -> str:
        """Return `key` or `key.column`, as a form labels it."""
        return f"{self.key}.{self.column}" if self.column else self.key


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
            left[place.key] = _rows_without(left[place.key], place.column)
    return left


def changes_without(changes: Changes, places: Iterable[Place]) -> dict[str, list[Any]]:
    """Return a correction's changes, old and new value of each field, without what stands in these places."""
    left = {key: [*change] for key, change in changes.items()}
    for place in places:
        if place.key in left:
            left[place.key] = [_rows_without(rows, place.column) if place.column else None for rows in left[place.key]]
    return {key: change for key, change in left.items() if change[0] != change[1]}


def _rows_without(rows: Any, column: str) -> Any:
    if not isinstance(rows, list):
        return rows
    return [{k: v for k, v in row.items() if k != column} if isinstance(row, Mapping) else row for row in rows]


def _stands(place: Place, values: Mapping[str, Any]) -> bool:
    value = values.get(place.key)
    if not place.column:
        return not is_empty(value)
    rows = value if isinstance(value, list) else []
    return any(isinstance(row, Mapping) and not is_empty(row.get(place.column)) for row in rows)


def _changed(place: Place, changes: Changes) -> bool:
    return any(_stands(place, {place.key: value}) for value in changes.get(place.key, ()))
