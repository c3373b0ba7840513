"""What counts (统计口径, F.2): registered, valid, void; why a record does not count is told, never passed over."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.model.arrivals import counts
from qrecords.model.figures.definitions import Basis
from qrecords.model.figures.entries import Entry
from qrecords.model.form import Form
from qrecords.model.record import GONE, Action, Record, State, unsigned

SETTLED = frozenset({State.SUBMITTED, State.REVIEWED, State.FILED, State.BOUND})
KEPT = frozenset({State.FILED, State.BOUND})
REPORTS = frozenset({"05", "06", "07", "08"})  # service reports, valid by the customer's signature alone (5.5.5)
CUSTOMER = frozenset({"customer-signature", "customer-seal"})

DRAFT, RETURNED, UNSIGNED, LAPSED, VOID, NOT_FILED = "草稿", "已退回", "未签署", "签署失效", "作废", "未归档"


def why_not_valid(form: Form, record: Record, *, filed: bool = False) -> str:
    """Return why a record is not valid, "" when it is; past paper was filed and is (F.2 K2, `filed` K3)."""
    if record.state in GONE:
        return VOID
    if record.paper_no:
        return ""
    if record.state not in SETTLED:
        return RETURNED if record.reason else DRAFT
    asked = [need for need in unsigned(form, record, Action.FILE) if CUSTOMER.intersection(need.any_of)]
    if asked:
        lapsed = {s.kind for s in record.signatures if s.lapsed}
        return LAPSED if any(lapsed.intersection(need.any_of) for need in asked) else UNSIGNED
    return NOT_FILED if filed and record.state not in KEPT else ""


def counting(entries: Sequence[Entry], number: str, basis: Basis) -> list[Entry]:
    """Return a form's entries that count by a basis; "" is that of the form: reports when valid, others when there."""
    match basis or ("valid" if number in REPORTS else "registered"):
        case "any":
            return [e for e in entries if e.record.state is not State.DESTROYED]
        case "void":
            return [e for e in entries if e.record.state is State.VOID]
        case "valid":
            return [e for e in entries if not e.get("@not_counted")]
        case "left-out":
            return [e for e in entries if e.get("@not_counted")] if number in REPORTS else []
        case _ if number == "04":
            return [e for e in entries if counts(e.record)]
        case _:
            return [e for e in entries if e.record.state not in GONE]
