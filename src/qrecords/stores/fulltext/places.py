"""Places in a list of hits: the order by date, and where a page ended.

A place is the sort key of a page's last hit, not a count: records that come in meanwhile neither repeat a hit nor hide
one. By relevance this holds as far as the engine's scores stay: tantivy weighs words by all records it has, so near
neighbours may change places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput
from qrecords.model.numbering import form_key, parse_record_no

DAY_SHIFT = 42  # bits below the day in the order key; a day takes 22
SCORE_PLACES = 3  # decimals of a score: sums taken in another order must not change a ranking
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_SCORE = re.compile(r"^\d{1,9}(\.\d{1,9})?$")


def day_number(day: str) -> int:
    """Return a number that rises with YYYY-MM-DD; 0 when there is no day."""
    if not day:
        return 0
    year, month, number = map(int, day.split("-"))
    return (year * 12 + month - 1) * 31 + number - 1


def day_of(order: int) -> str:
    """Return the day of an order key."""
    months, day = divmod(order >> DAY_SHIFT, 31)
    year, month = divmod(months, 12)
    return f"{year:04}-{month + 1:02}-{day + 1:02}" if year else ""


def order_number(day: str, record_no: str) -> int:
    """Return the key of the order by date: within a day the higher number of the later year comes later.

    It does not change when the record does, so that a list stays as it is while its pages are read. A number's year is
    the day's, or near it where the date was corrected over New Year: three bits tell them apart, and 16 the forms.
    """
    form_code, year, number = parse_record_no(record_no)
    beside = min(max(year - int(day[:4] or year) + 4, 0), 7)
    within = beside << 39 | number % (1 << 23) << 16
    return day_number(day) << DAY_SHIFT | within | form_key(form_code)


@dataclass(frozen=True, slots=True)
class Place:
    """The last hit of a page: its number, and its day (by date) or score (by relevance)."""

    record_no: str
    day: str = ""
    score: float | None = None

    def __str__(self) -> str:
        return f"{self.day if self.score is None else self.score}/{self.record_no}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a place as it was given out; InvalidInput when it is none."""
        key, _, record_no = text.strip().partition("/")
        try:
            parse_record_no(record_no)
        except ValueError:
            raise _wrong(text) from None
        if _DAY.match(key):
            return cls(record_no, day=key)
        if _SCORE.match(key):
            return cls(record_no, score=float(key))
        raise _wrong(text)

    def order(self) -> int:
        """Return its key in the order by date; InvalidInput when it is a place of the order by relevance."""
        if self.score is not None:
            raise _wrong(str(self))
        return order_number(self.day, self.record_no)

    def rank(self) -> float:
        """Return its score; InvalidInput when it is a place of the order by date."""
        if self.score is None:
            raise _wrong(str(self))
        return self.score


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(
        f"「{text}」不是这次检索的位置",
        remedy=advise(
            "请照抄上一页末尾给出的 {}，检索词和 {} 也要与上一页相同；或去掉 {} 从头列出",
            Input.AFTER,
            Input.SORT,
            Input.AFTER,
        ),
    )
