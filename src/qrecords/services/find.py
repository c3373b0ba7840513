"""Find records: what is open and whose turn it is, one record whole, and search over every text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from qrecords.model.audit import digest
from qrecords.model.looser import Looser, loosen
from qrecords.model.query import Query, parse_query
from qrecords.model.record import ACTION_LABELS, STATE_LABELS, Action, Record, State, missing_before, open_actions
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.checking import reminders
from qrecords.services.indexing import catch_up, documents
from qrecords.stores.fulltext.interface import Filters, Sort
from qrecords.stores.fulltext.places import Place
from qrecords.stores.fulltext.snippets import snippet

if TYPE_CHECKING:
    from qrecords.model.form import Form

SNIPPET_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Criteria:
    """What narrows a search beside its words; empty means any."""

    form_code: str = ""
    year: int | None = None
    date_from: str = ""
    date_to: str = ""
    unit: str = ""
    state: str = ""


def list_records(
    office: Office, *, form_code: str = "", states: Sequence[State] = (), year: int | None = None, month: str = ""
) -> list[dict[str, Any]]:
    """Return the records that fit, each with the steps open from its state and what is still missing."""
    office.authorise(Action.READ, "list")
    code = office.forms.full_code(form_code) if form_code else None
    with office.register.read() as tx:
        records = tx.records.find(form_code=code, states=states, year=year, month=month or None)
    return [_summary(office.forms.get(r.form_code).form, r) for r in records]


def show(office: Office, record_no: str, *, history: bool = False) -> dict[str, Any]:
    """Return one record whole: values, signatures, where it is kept, and what it waits for."""
    office.authorise(Action.READ, record_no)
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    shown = asdict(record) | _summary(form, record)
    shown["reminders"] = [p.message for p in reminders(office, form, record.values, own=record_no)]
    shown["form_title"] = form.title
    shown["signature_labels"] = {s.kind: s.label for s in form.signatures}
    shown["labels"] = {f.key: f.label for f in form.fields}
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.READ, record.record_no)])  # nothing is read on screen without a trace
        shown["item"] = tx.items.row(record.archive_no) if record.archive_no else None
        if history:
            shown["history"] = [_event(e) for e in tx.audit.events(record.record_no)]
    return shown


def search(
    office: Office, text: str, criteria: Criteria, *, limit: int = 20, after: str = "", sort: Sort = "date"
) -> dict[str, Any]:
    """Return a page of the records in which all words of the query stand, newest first or by relevance.

    `after` is the `next` of the page before; `looser`, where nothing was found, a near query that finds something.
    """
    place = Place.parse(after) if after else None
    query, filters = understood(office, text, criteria)
    hits = office.index.search(query, filters, limit=limit, after=place, sort=sort, facets=True)
    looser = _looser(office, query, filters) if hits.total == 0 else None
    shown = described(office, hits.record_nos, query)
    log_reading(office, text, hits.total)
    return {
        "total": hits.total,
        "facets": hits.facets,
        "hits": shown,
        "next": str(hits.last) if hits.more else None,
        "looser": looser,
    }


def understood(office: Office, text: str, criteria: Criteria) -> tuple[Query, Filters]:
    """Return what is asked for, of what the account may read; the index is brought up to the register."""
    office.authorise(Action.READ, "search")
    query = parse_query(text, office.outlines.labels())
    filters = Filters(
        forms=(office.outlines.full_code(criteria.form_code),) if criteria.form_code else (),
        years=(criteria.year,) if criteria.year else (),
        states=(criteria.state,) if criteria.state else (),
        date_from=criteria.date_from,
        date_to=criteria.date_to,
        unit=criteria.unit,
    )
    catch_up(office)
    return query, filters


def described(office: Office, record_nos: Sequence[str], query: Query) -> list[dict[str, Any]]:
    """Return hits as they are shown, in their order; what is no longer there is left out."""
    with office.register.read() as tx:
        records = tx.records.many(record_nos)
        texts = [d.all_texts() for d in documents(office, tx, records)]
    return [_hit(r, snippet(t, query, SNIPPET_WIDTH)) for r, t in zip(records, texts, strict=True)]


def log_reading(office: Office, text: str, total: int, **detail: Any) -> None:
    """Write down a search: a list of hits shows pieces of records, which is a reading too."""
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.READ, "search", query=digest(text), total=total, **detail)])


def _looser(office: Office, query: Query, filters: Filters) -> dict[str, Any] | None:
    """Return a near query that finds something: the same without conditions, or less of it, with or without them."""
    bare = Filters(readable=filters.readable)

    def counting(narrowed: Filters) -> Callable[[str], int]:
        def count(text: str) -> int:
            asked = parse_query(text, office.outlines.labels())
            return office.index.search(asked, narrowed, limit=1).total

        return count

    found: Looser | None = None
    if filters != bare and (total := counting(bare)(query.text)):
        found, filters = Looser(query.text, total, "不限条件"), bare
    for narrowed in dict.fromkeys([filters, bare]) if found is None else ():
        if found := loosen(query, counting(narrowed)):
            filters = narrowed
            break
    if found is None:
        return None
    return {"query": found.text, "conditions": filters != bare, "total": found.total, "how": found.how}


def _summary(form: Form, record: Record) -> dict[str, Any]:
    steps = [a for a in open_actions(form, record.state) if a not in {Action.UPDATE, Action.SIGN, Action.PRINT}]
    forward = next((a for a in steps if a not in {Action.VOID, Action.RETURN, Action.BIND}), None)
    missing = missing_before(form, record, forward) if forward else []
    return {
        "record_no": record.record_no,
        "form_code": record.form_code,
        "state": record.state.value,
        "state_label": STATE_LABELS[record.state],
        "date": record.date,
        "customer_unit": record.customer_unit,
        "title": record.title,
        "next": forward.value if forward else None,
        "turn": _turn(form, record, forward) if forward else "",
        "missing": [p.message for p in missing],
    }


def _turn(form: Form, record: Record, forward: Action) -> str:
    """Return whose turn it is: the hand of the first stage not complete, else who takes the next step."""
    step = form.steps.get(forward.value)
    for stage in form.stages:
        if step and stage.key in step.stages and form.incomplete(record.values, [stage.key]):
            return f"{stage.by or stage.label}：{stage.label}"
    takers = {
        Action.ISSUE: "签发人",
        Action.SUBMIT: "填写人",
        Action.REVIEW: "管理信息部主管",
        Action.FILE: "归档人",
    }
    return f"{takers[forward]}：{ACTION_LABELS[forward]}"


def _hit(record: Record, shown: str) -> dict[str, Any]:
    return {
        "record_no": record.record_no,
        "archive_no": record.archive_no,
        "form_code": record.form_code,
        "title": record.title,
        "date": record.date,
        "customer_unit": record.customer_unit,
        "state": record.state.value,
        "volume_code": record.volume_code,
        "snippet": shown,
    }


def _event(event: Any) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "account": event.account,
        "action": event.action,
        "outcome": event.outcome,
        "detail": dict(event.detail),
    }
