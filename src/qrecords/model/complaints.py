"""How long a complaint has been open, and quality information on its way to the quality department (5.6, 5.7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from qrecords.model.record import Record
from qrecords.model.retention import ComplaintKind
from qrecords.model.rules import is_empty
from qrecords.model.values import Values

QUALITY_RECEIPT = "quality-receipt"  # the signature of whoever takes the sheet over in the quality department
QUALITY_TOPIC = "质量信息"
RESULT = "qa_followup"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a complaint stands: since when, until when ("" = still open), and the days of it, the first not counted."""

    opened: str
    closed: str
    days: int
    ALSO_TOLD: ClassVar = ("open",)

    @property
    def open(self) -> bool:
        """Tell whether it is not dealt with yet."""
        return not self.closed


def is_complaint(record: Record, kinds: Iterable[ComplaintKind]) -> bool:
    """Tell whether a record is a complaint, as forms/…/disposition/complaints.toml says."""
    return any(
        record.form_code == kind.form and kind.among.intersection(_listed(record.values.get(kind.field)))
        for kind in kinds
    )


def standing(record: Record, on: str) -> Standing:
    """Return where a complaint stands on a day: closed once handled and answered, unless it was left unresolved."""
    values = record.values
    done = [str(values.get(key) or "")[:10] for key in ("handled_on", "replied_at")]
    closed = max(done) if all(done) and values.get("resolved") is not False else ""
    days = (date.fromisoformat(closed or max(on, record.date)) - date.fromisoformat(record.date)).days
    return Standing(record.date, closed, days)


def receipt_of(record: Record) -> str:
    """Return the day the quality department signed for a record, "" while it has not or the content changed since."""
    return max((s.on for s in record.signatures if s.kind == QUALITY_RECEIPT and not s.lapsed), default="")


def awaits_quality(record: Record) -> bool:
    """Tell whether a record has something for the quality department whose result is not there yet (5.7.2).

    A service's information (11A) hands its items on: the record (01A) it was passed on to holds the result.
    """
    values = record.values
    if "quality_items" in values:
        return bool(quality_items(values)) and is_empty(values.get("transferred_to"))
    return QUALITY_TOPIC in _listed(values.get("info_type")) and is_empty(values.get(RESULT))


def quality_items(values: Values) -> list[dict[str, Any]]:
    """Return the lines of a service's information (11A) that the quality department is to follow up."""
    return [row for row in values.get("quality_items") or () if row.get("needs_qa")]


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list | tuple) else [] if is_empty(value) else [str(value)]
