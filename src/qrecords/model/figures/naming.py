"""Records that name one another are about one need (N.2): what each names, and which belong together over others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qrecords.model.numbering import RECORD_NO, form_number, numbers_told
from qrecords.model.record import Record

_NAMING = ("linked_record", "source_record_no", "notice_no", "intake_record_no", "answers_record", "reply_record",
           "transferred_to", "source_no")  # fmt: skip
NOTICE, ASKING = "04", ("01", "02", "03", "10")  # who is sent; where a user says what he needs


def named(record: Record) -> tuple[str, ...]:
    """Return the records a record names, in free words too."""
    texts = [str(text) for key in _NAMING if (text := record.values.get(key))]
    found = (number for text in texts for number in numbers_told(text) if RECORD_NO.match(number))
    return tuple(dict.fromkeys(n for n in found if n != record.record_no))


def joined(records: Sequence[Record]) -> list[list[int]]:
    """Return the places of the records in groups that name one another, directly or over others."""
    places = {record.record_no: place for place, record in enumerate(records)}
    above = [*range(len(records))]

    def root(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for place, record in enumerate(records):
        for number in named(record):
            if (other := places.get(number)) is not None:
                above[root(place)] = root(other)
    groups: dict[int, list[int]] = {}
    for place in range(len(records)):
        groups.setdefault(root(place), []).append(place)
    return [*groups.values()]


def needed(records: Iterable[Record]) -> Mapping[str, str]:
    """Return of each notice the day the need it answers was first told, where a record of its thread tells it (T14)."""
    held = [r for r in records if form_number(r.form_code) in (NOTICE, *ASKING)]
    found: dict[str, str] = {}
    for group in joined(held):
        members = [held[place] for place in group]
        days = [r.date[:10] for r in members if form_number(r.form_code) in ASKING and r.date]
        if days:
            found |= {r.record_no: min(days) for r in members if form_number(r.form_code) == NOTICE}
    return found
