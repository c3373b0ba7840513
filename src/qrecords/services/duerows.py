"""What is due by a row of deadlines.toml alone: of which records it starts, and what says that it is done (F.11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qrecords.errors import InvalidInput, NotFound
from qrecords.model.access import SECRECY_LEVELS
from qrecords.model.deadlines import Calendar, Deadline, add_months, end_of_week, iso_week
from qrecords.model.figures.visits import YEARLY, Customer, Customers
from qrecords.model.numbering import numbers_told, without_edition
from qrecords.model.record import Record, State
from qrecords.model.relations import column
from qrecords.model.rules import holds, is_empty
from qrecords.model.values import Values, choice_key
from qrecords.office import Office
from qrecords.services.intake.lists import customers_of_list

_BACK = 800  # days: what was due longer ago is told by no list any more
_LONGEST_MONTH = 31
_KEEPER = "负责人"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: by which deadline, until when, about what, in whose hands."""

    key: str
    target: date
    limit: date
    about: str
    who: str
    detail: str = ""


def waiting(office: Office, on: date) -> Iterator[Waiting]:
    """Give what waits by the deadlines that name a form, of records the account may read."""
    calendar = office.forms.procedure.calendar
    for key, deadline in office.forms.deadlines.items():
        if not deadline.form:
            continue
        first = _first_day(office, deadline.since, on) if deadline.since else ""
        if first is None:
            continue
        found = _counted(office, deadline.form, on, ever=deadline.every == "line") if deadline.every else ()
        if deadline.every == "line":
            yield from _lines(key, deadline, found, on, calendar)
        elif deadline.every == "customer":
            yield from _customers(office, key, deadline, found, on, calendar)
        elif deadline.every:
            yield from _expected(key, deadline, found, on, calendar, _title(office, deadline.form))
        else:
            answered = _answered(office, deadline, on)
            back = deadline.back or _BACK
            from_day = max(first, (on - timedelta(days=deadline.back)).isoformat() if deadline.back else "")
            about = (r for form in dict.fromkeys(deadline.forms) for r in _counted(office, form, on, back=back))
            for record in about:
                if record.date >= from_day and record.record_no not in answered and _is_told(office, deadline, record):
                    yield from _started(key, deadline, record, on, calendar)


def _first_day(office: Office, form: str, on: date) -> str | None:
    """Return the day of the first record of a form, None when the office keeps none."""
    return min((r.date for r in _counted(office, form, on)), default=None)


def _counted(office: Office, form: str, on: date, *, ever: bool = False, back: int = _BACK) -> Sequence[Record]:
    """Return the records of a form, whatever the edition, that are neither void nor, but for `ever`, begun long ago."""
    since = "" if ever else (on - timedelta(days=back)).isoformat()

    def read() -> Sequence[Record]:
        codes = [code for code in office.forms.codes() if without_edition(code) == form]
        with office.register.read() as tx:
            found = [r for code in codes for r in tx.records.counted(code, since=since)]
        return tuple(r for r in office.only_readable(found) if r.state is not State.VOID)

    return office.kept(("due rows", form, since, office.reach()), read)


def _answered(office: Office, deadline: Deadline, on: date) -> frozenset[str]:
    return frozenset(
        number
        for naming in deadline.done_by
        for r in _counted(office, naming.form, on)
        for said in column(r.values, naming.field)
        for number in numbers_told(str(said))
    )


def _is_told(office: Office, deadline: Deadline, record: Record) -> bool:
    """Tell whether the account sees what starts and ends a clock: what it does not see would run for ever."""
    named = {*deadline.start, *(() if deadline.lines else deadline.done)}
    return named.isdisjoint(place.path for place in office.unseen(record))


def _started(key: str, deadline: Deadline, record: Record, on: date, calendar: Calendar) -> Iterator[Waiting]:
    for values in () if record.paper_no else deadline.clocks(record.values):
        if found := _waiting(key, deadline, record, values, on, calendar):
            yield found


def _waiting(
    key: str, deadline: Deadline, record: Record, values: Values, on: date, calendar: Calendar
) -> Waiting | None:
    start = deadline.started(without_edition(record.form_code), values)
    if not start or any(not is_empty(values.get(f)) for f in deadline.done):
        return None
    limit_on = deadline.limit_from(start, calendar)
    limit = date.fromisoformat(limit_on[:10])
    if deadline.remind and on < limit - timedelta(days=deadline.remind):
        return None
    if deadline.days == "hours":
        should = deadline.target_moment(datetime.fromisoformat(start))
        target, detail = should.date(), f"最迟{limit_on[11:]}"
        if deadline.target < deadline.limit and deadline.target:
            detail = f"{should:%m-%d %H:%M}满{deadline.target}小时，{detail}"
    else:
        target, detail = deadline.target_day(date.fromisoformat(start[:10]), calendar), ""
    return Waiting(key, target, limit, record.record_no, _hand(deadline, values), detail)


def _expected(
    key: str, deadline: Deadline, found: Sequence[Record], on: date, calendar: Calendar, title: str
) -> Iterator[Waiting]:
    """Give the record a year, or the week, still lacks."""
    if deadline.every == "week":
        last = end_of_week(on)
        if not any(iso_week(date.fromisoformat(r.date[:10])) == iso_week(on) for r in found):
            yield Waiting(key, last, last, f"{title} {iso_week(on)}", _KEEPER)
        return
    wanted = str(on.year + deadline.ahead)
    done = any(_year_of(deadline, r) == wanted and r.state is not State.DRAFT for r in found)
    limit = deadline.day_of(on.year, calendar)
    if not done and on >= limit - timedelta(days=deadline.remind):
        yield Waiting(key, deadline.target_of(on.year, calendar), limit, f"{title} {wanted}年", _KEEPER)


def _lines(key: str, deadline: Deadline, found: Sequence[Record], on: date, calendar: Calendar) -> Iterator[Waiting]:
    """Give each record that has no line of this year yet."""
    limit = deadline.day_of(on.year, calendar)
    if on < limit - timedelta(days=deadline.remind):
        return
    for record in found:
        years = {str(year) for path in deadline.start for year in column(record.values, path)}
        if str(on.year) not in years and all(holds(c, record.values) for c in deadline.when):
            target = deadline.target_of(on.year, calendar)
            yield Waiting(key, target, limit, record.record_no, _hand(deadline, record.values))


def _customers(
    office: Office, key: str, deadline: Deadline, found: Sequence[Record], on: date, calendar: Calendar
) -> Iterator[Waiting]:
    """Give each customer of the list, or met lately, without a record of this year, and when it last had one.

    One whose list says after how many months he is to be visited again is due so long after his last record.
    """
    title, known = _title(office, deadline.form), _listed(office)
    year_end = deadline.day_of(on.year, calendar)
    is_year_end = on >= year_end - timedelta(days=deadline.remind)
    if not is_year_end and all(one.interval == YEARLY for one in known.all.values()):
        return
    back = max(_BACK, known.longest * _LONGEST_MONTH)
    had: dict[str, str] = {}
    for record in (*(found if back == _BACK else _counted(office, deadline.form, on, back=back)),
                   *_instead(office, deadline, on, back)):  # fmt: skip
        customer, day = _of_record(known, record.values), record.date[:10]
        if day <= on.isoformat():
            had[customer.key] = max(day, had.get(customer.key, day))
    for customer, met in _to_visit(office, deadline, known, on):
        last = had.get(customer.key, "")
        again = customer.next_visit(last)
        limit, yearly = (date.fromisoformat(again), False) if again else (year_end, True)
        if (yearly and last[:4] == str(on.year)) or on < limit - timedelta(days=deadline.remind):
            continue
        before = f"上次{last}" if last else f"近两年没有{title}"
        told = "，".join([before, *([f"最近往来{met}"] if met else [])])
        target = deadline.target_of(on.year, calendar) if yearly else calendar.roll_back(limit)
        yield Waiting(key, target, limit, customer.unit, _KEEPER, told)


def _to_visit(office: Office, deadline: Deadline, known: Customers, on: date) -> Iterator[tuple[Customer, str]]:
    """Give who is to be visited, by name, and the day of his last contact: of the list in use, or met lately."""
    found: dict[str, tuple[Customer, str]] = {c.key: (c, "") for c in _readable(office, deadline, known) if c.in_use}
    for name, last in _known(office, deadline.known, on).values():
        customer = _of_record(known, {"customer_unit": name})
        if customer.in_use:
            found[customer.key] = customer, max(last, found.get(customer.key, (customer, ""))[1])
    yield from (found[key] for key in sorted(found))


def _of_record(known: Customers, values: Values) -> Customer:
    """Return the customer of the list some values name, else one of that unit."""
    return known.named(values) or Customer(str(values.get("customer_unit") or "").strip())


def _listed(office: Office) -> Customers:
    """Return the customers of the list; none of one that cannot be read."""
    with suppress(InvalidInput):
        return Customers(customers_of_list(office))
    return Customers()


def _readable(office: Office, deadline: Deadline, known: Customers) -> list[Customer]:
    """Return the customers of the list of whom the account could read a record of this form, had they one."""
    code = next((c for c in reversed(office.forms.codes()) if without_edition(c) == deadline.form), deadline.form)
    by_number = {str(n): c for n, c in enumerate(known.all.values())}
    would_be = []
    for number, c in by_number.items():
        said = {"customer_unit": c.unit, "military_branch": c.branch, "secrecy_level": SECRECY_LEVELS[0]}
        would_be.append(Record(number, code, 0, State.SUBMITTED, said, "", "", c.unit, "", ""))
    return [by_number[r.record_no] for r in office.only_readable(would_be)]


def _instead(office: Office, deadline: Deadline, on: date, back: int) -> Iterator[Record]:
    for other in deadline.instead:
        for record in _counted(office, other.form, on, back=back):
            if all(holds(c, record.values) for c in other.when):
                yield record


def _known(office: Office, months: int, on: date) -> dict[str, tuple[str, str]]:
    """Return the customers met in so many months: as last named, and on which day.

    Told are those of whom the account may read the newest record on some form: not all records of years are read.
    """
    since = add_months(on, -months).isoformat()

    def read() -> dict[str, tuple[str, str]]:
        with office.register.read() as tx:
            met = tx.records.customers_since(since)
            newest = tx.records.many([number for *_, number in met])
        readable = {r.record_no for r in office.only_readable(newest)}
        units: dict[str, tuple[str, str]] = {}
        for name, _, last, number in met:
            unit = choice_key(name)
            if number in readable and (unit not in units or last > units[unit][1]):
                units[unit] = (name, last)
        return units

    return office.kept(("customers known", since, office.reach()), read)


def _hand(deadline: Deadline, values: Values) -> str:
    """Return who has it in hand, as the record says."""
    return next((str(values[f]) for f in deadline.who if not is_empty(values.get(f))), _KEEPER)


def _year_of(deadline: Deadline, record: Record) -> str:
    """Return which year a record is for: what its field says, else that of its day."""
    said = next((record.values[f] for f in deadline.start if not is_empty(record.values.get(f))), record.date)
    return str(said)[:4]


def _title(office: Office, form: str) -> str:
    code = next((c for c in reversed(office.forms.codes()) if without_edition(c) == form), "")
    try:
        return office.forms.get(code).form.title if code else form
    except NotFound:
        return form
