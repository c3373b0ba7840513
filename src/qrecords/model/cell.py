"""What a cell of a spreadsheet gives beside plain text: a number with what it shows, or a reason to take nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CellNumber:
    """A number, and what its cell shows: a text field takes what is shown, any other the value.

    `value` has fifteen digits at most, as a spreadsheet keeps them. `moment` is the value as a day of the workbook's
    own calendar, None where there is none. `shows` holds what of a moment the cell shows, of `ymdwt` (year, month, day,
    weekday, time of day), and `%` for a percentage; "" is a plain number. `doubt` says why `shown` must not be taken.
    """

    value: Decimal
    shown: str
    moment: datetime | None = None
    shows: str = ""
    doubt: str = ""

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose value must not be taken; `reason` says why and what to do."""

    reason: str

    def __str__(self) -> str:
        return "?"
