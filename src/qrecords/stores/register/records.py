"""Records in the register, with the signatures and prints that belong to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from operator import itemgetter
from string import ascii_uppercase
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from qrecords.model.audit import fingerprint
from qrecords.model.numbering import parse_record_no
from qrecords.model.record import GONE, OPEN_STATES, Attached, Correction, Record, Signed, State
from qrecords.stores.register import tables as t
from qrecords.stores.register.dialects import words
from qrecords.stores.register.log import CHANGES, Counters
from qrecords.stores.register.origins import Origins
from qrecords.stores.register.rows import PrintRow
from qrecords.stores.register.seals import Seals

_COLUMNS = [c for c in t.record.c if c.name not in {"number", "source_key"}]
_CHUNK = 500  # bound parameters in one statement
_NAMES = tuple(c.name for c in _COLUMNS)
_IN_ORDER = [t.record.c[f.name] for f in fields(Record) if f.name in _NAMES]  # as a record is made of them
_STATE = [c.name for c in _IN_ORDER].index("state")
_STATES = {state.value: state for state in State}


def _forms_in_use() -> sa.Select[Any]:
    """Return what gives each form code once, by a step in the index for each, whatever the number of records."""
    code = t.record.c.form_code
    first = sa.select(sa.func.min(code).label("code")).cte("forms_in_use", recursive=True)
    after = sa.select(sa.func.min(code)).where(code > first.c.code).scalar_subquery()
    codes = first.union_all(sa.select(after).where(first.c.code.is_not(None)))
    return sa.select(codes.c.code).where(codes.c.code.is_not(None))


_FORMS_IN_USE = _forms_in_use()


def _of_records(table: sa.Table, *columns: str) -> sa.Select[Any]:
    """Return what reads columns of what belongs to some records, in the order it was written down."""
    wanted = table.c.record_no.in_(sa.bindparam("numbers", expanding=True))
    return sa.select(table.c.record_no, *(table.c[name] for name in columns)).where(wanted).order_by(table.c.id)


# Asked for with every page and for every batch: a statement built once costs a quarter of one built each time.
_BESIDE = (t.signature, t.attached, t.correction)
_MANY = (
    sa.select(*_COLUMNS, *(sa.exists().where(b.c.record_no == t.record.c.record_no).label(b.name) for b in _BESIDE))
    .where(t.record.c.record_no.in_(sa.bindparam("numbers", expanding=True)), t.record.c.seq >= sa.bindparam("least"))
    .order_by(t.record.c.record_no)
)
_CHANGES = sa.select(t.record.c.record_no, t.record.c.seq).where(
    t.record.c.record_no.in_(sa.bindparam("numbers", expanding=True)), t.record.c.seq > 0
)
_SIGNED = ("kind", "by", "on", "evidence", "evidence_sha256", "lapsed", "recorded_at", "recorded_by")
_SIGNATURES = _of_records(t.signature, *_SIGNED)
_SIGNATURES_BETWEEN = (
    sa.select(t.signature.c.record_no, *(t.signature.c[name] for name in _SIGNED))
    .where(t.signature.c.record_no.between(sa.bindparam("first"), sa.bindparam("last")))
    .order_by(t.signature.c.id)
)
_ATTACHED = _of_records(t.attached, "kind", "name", "sha256", "pages", "print_id", "added_at", "added_by")
_CORRECTIONS = _of_records(t.correction, "version", "at", "by", "reason", "changes", "account")


class Records:
    """The records of the office; a change is visible to lists and index once it is `touch`ed."""

    def __init__(self, connection: sa.Connection, counters: Counters, seals: Seals) -> None:
        self._c = connection
        self._counters = counters
        self._seals = seals
        self._origins = Origins(connection)

    def add(
        self, records: Sequence[tuple[Record, str | None]], said: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> None:
        """Add new records with the key of the input that made each; `said`: the fingerprints of a row, by its record's
        number, where who read the row knows them.
        """
        rows = []
        for record, source_key in records:
            row = {c.name: getattr(record, c.name) for c in _COLUMNS}
            _, _, number = parse_record_no(record.record_no)
            rows.append(row | {"state": record.state.value, "number": number, "source_key": source_key})
        if rows:
            self._c.execute(t.record.insert(), rows)
            self._origins.say(
                (print_, r.record_no)
                for r, _ in records
                if r.values and r.state not in GONE
                for print_ in said.get(r.record_no) or [fingerprint(r.form_code, r.values)]
            )

    def by_source(self, keys: Sequence[str]) -> dict[str, str]:
        """Return which of these inputs already made a record: key to record number."""
        found: dict[str, str] = {}
        for part in _chunks(keys):
            query = sa.select(t.record.c.source_key, t.record.c.record_no).where(t.record.c.source_key.in_(part))
            found |= {row.source_key: row.record_no for row in self._c.execute(query)}
        return found

    def by_paper_no(self, paper_nos: Sequence[str]) -> dict[str, str]:
        """Return which of these numbers of past papers are in the register: to the record number they got."""
        found: dict[str, str] = {}
        for part in _chunks(paper_nos):
            query = sa.select(t.record.c.paper_no, t.record.c.record_no).where(t.record.c.paper_no.in_(part))
            found |= {row.paper_no: row.record_no for row in self._c.execute(query)}
        return found

    def get(self, record_no: str) -> Record | None:
        """Return one record, or None."""
        return next(iter(self.many([record_no])), None)

    def many(self, record_nos: Sequence[str], *, uncommitted: bool = False) -> list[Record]:
        """Return the records of these numbers that exist, in the order asked for."""
        found: dict[str, Record] = {}
        for part in _chunks(record_nos):
            rows = self._c.execute(_MANY, {"numbers": [*part], "least": 0 if uncommitted else 1}).all()
            # What is not there is not asked for: most records have no correction, many nothing attached.
            beside = ([row[0] for row in rows if row[at]] for at in range(len(_NAMES), len(_NAMES) + len(_BESIDE)))
            found |= {r.record_no: r for r in self._made([row[: len(_NAMES)] for row in rows], [*beside])}
        return [found[no] for no in record_nos if no in found]

    def changes_of(self, record_nos: Sequence[str]) -> dict[str, int]:
        """Return the last change of each of these records that exist, by number."""
        found: dict[str, int] = {}
        for part in _chunks(record_nos):
            found |= {row.record_no: row.seq for row in self._c.execute(_CHANGES, {"numbers": [*part]})}
        return found

    def hidden(self, record_nos: Sequence[str]) -> set[str]:
        """Return which of these records no list shows yet: the step that made them is not committed."""
        found: set[str] = set()
        for part in _chunks(record_nos):
            query = sa.select(t.record.c.record_no).where(t.record.c.record_no.in_(part), t.record.c.seq == 0)
            found.update(self._c.execute(query).scalars())
        return found

    def find(
        self,
        *,
        form_code: str | None = None,
        states: Iterable[State] = (),
        year: int | None = None,
        month: str | None = None,
        archive_no: str | None = None,
        volume_code: str | None = None,
        notice_no: str | None = None,
        customer_unit: str | None = None,
    ) -> list[Record]:
        """Return the records that fit, by number."""
        conditions = [t.record.c.seq > 0]
        if form_code:
            conditions.append(t.record.c.form_code == form_code)
        if wanted := [s.value for s in states]:
            conditions.append(t.record.c.state.in_(wanted))
            if not form_code:  # the index is by form, then state: without the forms all records are looked through
                conditions.append(t.record.c.form_code.in_(_FORMS_IN_USE))
        if year is not None:
            conditions.append(t.record.c.year == year)
        if month:
            conditions.append(sa.func.substr(t.record.c.date, 1, 7) == month)
        if archive_no:
            conditions.append(t.record.c.archive_no == archive_no)
        if volume_code:
            conditions.append(t.record.c.volume_code == volume_code)
        if notice_no:
            conditions.append(t.record.c.notice_no == notice_no)
        if customer_unit:
            conditions.append(t.record.c.customer_unit == customer_unit)
        return list(self._select(*conditions))

    def notices_naming(self, person: str, form: str) -> list[str]:
        """Return the notices (by their form, any edition) that send a person out; a void one sends nobody."""
        editions = [form, *(f"{form}{letter}" for letter in ascii_uppercase)]
        query = sa.select(t.record.c.record_no).where(
            t.record.c.form_code.in_(editions), t.record.c.seq > 0, t.record.c.state != State.VOID.value,
            words.has_member(t.record.c["values"], "staff", "name", person),
        )  # fmt: skip
        return list(self._c.execute(query).scalars())

    def of_customer(self, unit: str) -> list[Record]:
        """Return the records of a customer, by number."""
        return list(self._select(t.record.c.seq > 0, t.record.c.customer_unit == unit))

    def beside(self, column: str, names: Collection[str], form_codes: Collection[str]) -> list[Record]:
        """Return the records on these forms of some notices (`notice_no`) or customers (`customer_unit`), by number."""
        found: list[Record] = []
        # Of a notice there are few records: what is looked for by its index is not looked for by the forms'.
        form = t.record.c.form_code + "" if column == "notice_no" else t.record.c.form_code
        wanted = (t.record.c.seq > 0, form.in_(form_codes))
        for part in _chunks([*names]) if form_codes else ():
            found += self._select(*wanted, t.record.c[column].in_(part))
        return sorted(found, key=lambda r: r.record_no)

    def counted(self, form_code: str, *, since: str = "", days: Sequence[str] = ()) -> list[Record]:
        """Return a form's records for figures, with their signatures alone: of a day since one, or with one of these
        other days since it, or still under way; all of them without a day. Destroyed ones say nothing any more.
        """
        c = t.record.c
        conditions = [c.seq > 0, c.form_code == form_code, c.state != State.DESTROYED.value]
        if since:
            still = [s.value for s in OPEN_STATES]
            other = [c["values"][key].as_string() >= since for key in days]
            conditions.append(sa.or_(c.date >= since, c.state.in_(still), *other))
        # Sorted here: a database sorts whole rows.
        rows = sorted(self._c.execute(sa.select(*_IN_ORDER).where(*conditions)).all(), key=itemgetter(0))
        signed = self._signatures_between(rows[0][0], rows[-1][0]) if rows else {}
        return [_counted(row, signed.get(row[0], ())) for row in rows]

    def saying(self, form_code: str, other_than: Mapping[str, Collection[str]], *, before: str) -> list[Record]:
        """Return a form's records of before a day that say in a field something `other_than` some words, and no more.

        Their signatures would be those of years: whoever looks that far back does not ask whether they are valid.
        """
        c = t.record.c
        said = [c["values"][key].as_string().not_in(["", *words]) for key, words in other_than.items()]
        destroyed = c.state != State.DESTROYED.value
        conditions = [c.seq > 0, c.form_code == form_code, destroyed, c.date < before, sa.or_(*said)]
        rows = sorted(self._c.execute(sa.select(*_IN_ORDER).where(*conditions)).all(), key=itemgetter(0))
        return [_counted(row, ()) for row in rows]

    def months(self) -> tuple[str, frozenset[str]]:
        """Return the day of the first record, and the months (YYYY-MM) there are records of."""
        c = t.record.c
        # With its figures written out: two questions for them would be two expressions to a strict database.
        month = sa.func.substr(c.date, sa.literal_column("1"), sa.literal_column("7"))
        query = sa.select(month, sa.func.min(c.date)).where(c.seq > 0, c.date != "").group_by(month)
        found = {row[0]: row[1][:10] for row in self._c.execute(query)}
        return min(found.values(), default="9999-12-31"), frozenset(found)

    def customers_since(self, day: str, *, until: str = "") -> list[tuple[str, str, str, str]]:
        """Return each customer met since a day (before another), once a form: unit, form, last day, highest number."""
        c = t.record.c
        before = (c.date < until,) if until else ()
        gone = [s.value for s in GONE]
        query = (
            sa.select(c.customer_unit, c.form_code, sa.func.max(c.date), sa.func.max(c.record_no))
            .where(c.seq > 0, c.date >= day, *before, c.customer_unit != "", c.state.not_in(gone))
            .group_by(c.customer_unit, c.form_code)
        )
        return [(unit, form, last[:10], number) for unit, form, last, number in self._c.execute(query)]

    def customers(self) -> list[str]:
        """Return the names of the customers records are of."""
        c = t.record.c
        query = sa.select(c.customer_unit).where(c.seq > 0, c.customer_unit != "").distinct()
        return list(self._c.execute(query).scalars())

    def newest_like(self, prefix: str, limit: int) -> list[Record]:
        """Return the newest records whose number begins so."""
        fits = t.record.c.record_no.istartswith(prefix, autoescape=True)
        query = sa.select(*_COLUMNS).where(t.record.c.seq > 0, fits).order_by(t.record.c.seq.desc()).limit(limit)
        return list(self._records(query))

    def changed_since(self, seq: int, limit: int) -> list[Record]:
        """Return the next records changed after a sequence number, in the order they changed."""
        query = sa.select(*_COLUMNS).where(t.record.c.seq > seq).order_by(t.record.c.seq).limit(limit)
        return list(self._records(query))

    def changed_numbers(self, seq: int) -> set[str]:
        """Return the records changed after a sequence number."""
        return set(self._c.execute(sa.select(t.record.c.record_no).where(t.record.c.seq > seq)).scalars())

    def last_change(self) -> int:
        """Return the highest sequence number any change carries."""
        return self._counters.last(CHANGES)

    def counts(self) -> dict[tuple[str, State], int]:
        """Return how many records there are by form and state."""
        key = (t.record.c.form_code, t.record.c.state)
        query = sa.select(*key, sa.func.count().label("n")).where(t.record.c.seq > 0).group_by(*key)
        return {(row.form_code, State(row.state)): row.n for row in self._c.execute(query)}

    def numbers(self) -> dict[tuple[str, int], list[int]]:
        """Return all numbers in use, by form and year."""
        found: dict[tuple[str, int], list[int]] = defaultdict(list)
        query = sa.select(t.record.c.form_code, t.record.c.year, t.record.c.number)
        for row in self._c.execute(query):
            found[row.form_code, row.year].append(row.number)
        return dict(found)

    def archive_numbers(self) -> dict[str, list[str]]:
        """Return every archive number with the records that carry it."""
        found: dict[str, list[str]] = defaultdict(list)
        query = sa.select(t.record.c.archive_no, t.record.c.record_no).where(t.record.c.archive_no != "")
        for row in self._c.execute(query):
            found[row.archive_no].append(row.record_no)
        return dict(found)

    def archived_as(self, states: Iterable[State]) -> dict[str, str]:
        """Return the archive number of each record in some states, by record number."""
        c = t.record.c
        query = sa.select(c.record_no, c.archive_no).where(c.seq > 0, c.state.in_([s.value for s in states]))
        return {row.record_no: row.archive_no for row in self._c.execute(query.order_by(c.record_no))}

    def archived_under(self, archive_nos: Sequence[str], states: Iterable[State]) -> Iterator[Record]:
        """Give the records in some states that carry one of these archive numbers."""
        c, wanted = t.record.c, [s.value for s in states]
        for part in _chunks(archive_nos):
            yield from self._select(c.archive_no.in_(part), c.seq > 0, c.state.in_(wanted))

    def change(self, record_nos: Sequence[str], **columns: Any) -> None:
        """Set columns of records; their sequence numbers rise."""
        plain = {k: v.value if isinstance(v, State) else v for k, v in columns.items()}
        for part in _chunks(record_nos):
            if plain:
                self._c.execute(t.record.update().where(t.record.c.record_no.in_(part)).values(**plain))
        self._say(record_nos, columns)
        self.touch(record_nos)

    def _say(self, record_nos: Sequence[str], columns: Mapping[str, Any]) -> None:
        """Keep what is known of their rows true: they say something new, or are there no more."""
        if columns.get("state") in GONE:
            self._origins.forget(record_nos)
        elif values := columns.get("values"):
            self._origins.say((fingerprint(parse_record_no(no)[0], values), no) for no in record_nos)

    def reserve(self, record_no: str, archive_no: str, record_year: int) -> None:
        """Keep an archive number for a record that is about to be filed."""
        values = {"archive_no": archive_no, "record_year": record_year}
        self._c.execute(t.record.update().where(t.record.c.record_no == record_no).values(**values))

    def forget_source(self, record_nos: Sequence[str]) -> None:
        """Let the input that made these records make new ones: they are void."""
        for part in _chunks(record_nos):
            self._c.execute(t.record.update().where(t.record.c.record_no.in_(part)).values(source_key=None))

    def touch(self, record_nos: Sequence[str]) -> None:
        """Give records new sequence numbers, so that the index sees them."""
        if not record_nos:
            return
        numbers = self._counters.take(CHANGES, len(record_nos))
        statement = t.record.update().where(t.record.c.record_no == sa.bindparam("no")).values(seq=sa.bindparam("new"))
        pairs = [{"no": no, "new": seq} for no, seq in zip(record_nos, numbers, strict=True)]
        self._c.execute(statement, pairs)

    def sign(self, record_nos: Iterable[str], signed: Signed, at: str, account: str) -> None:
        """Write down that a signature stands on these records' papers."""
        rows = [
            {
                "record_no": no, "kind": signed.kind, "by": signed.by, "on": signed.on, "evidence": signed.evidence,
                "evidence_sha256": signed.evidence_sha256, "recorded_at": at, "recorded_by": account,
            }
            for no in record_nos
        ]  # fmt: skip
        self._c.execute(t.signature.insert(), rows)

    def prove(self, record_no: str, signed: Signed, **now: str) -> str | None:
        """Give its paper to a standing signature registered without one; returns when that was registered.

        None when there is none like it. `now` is what else of its row is to be as it is from now on.
        """
        s = t.signature.c
        same = (s.record_no == record_no, s.kind == signed.kind, s.by == signed.by, s.on == signed.on)
        bare = (*same, s.evidence_sha256 == "", s.lapsed == "")
        query = sa.select(s.id, s.recorded_at).where(*bare).order_by(s.id).limit(1)
        if not signed.evidence_sha256 or (row := self._c.execute(query).first()) is None:
            return None
        shown = {"evidence": signed.evidence, "evidence_sha256": signed.evidence_sha256}
        self._c.execute(t.signature.update().where(s.id == row.id).values(**shown, **now))
        return str(row.recorded_at)

    def lapse(self, record_no: str, *, since: str, day: str) -> list[str]:
        """Let the signatures recorded since a moment lapse: what they stand under was changed. Returns their kinds."""
        s = t.signature.c
        standing = (s.record_no == record_no, s.lapsed == "", s.recorded_at >= since)
        kinds = [row.kind for row in self._c.execute(sa.select(s.kind).where(*standing).order_by(s.id))]
        self._c.execute(t.signature.update().where(*standing).values(lapsed=day))
        return kinds

    def correct(self, record_no: str, correction: Correction) -> None:
        """Write down what was changed after filing."""
        self._c.execute(
            t.correction.insert().values(
                record_no=record_no, version=correction.version, at=correction.at, account=correction.account,
                by=correction.by, reason=correction.reason, changes=correction.changes,
            )
        )  # fmt: skip

    def about_the_same(self, record: Record) -> list[Record]:
        """Return the other records of its form and day, and those of its customer that bear its title, by number."""
        c = t.record.c
        alike = sa.or_(c.date == record.date, sa.and_(c.customer_unit == record.customer_unit, c.title == record.title))
        return [*self._select(c.form_code == record.form_code, c.record_no != record.record_no, c.seq > 0, alike)]

    def add_prints(
        self, snapshots: Mapping[str, Mapping[str, Any]], template_sha256: str, at: str, account: str
    ) -> dict[str, int]:
        """Write down a print of each subject with the values it shows; returns their numbers, each from 1."""
        subjects = [*snapshots]
        last: dict[str, int] = {}
        for part in _chunks(subjects):
            p = t.printed.c
            query = sa.select(p.subject, sa.func.max(p.number)).where(p.subject.in_(part)).group_by(p.subject)
            last |= {row[0]: row[1] for row in self._c.execute(query)}
        numbers = {subject: last.get(subject, 0) + 1 for subject in subjects}
        rows = [
            {
                "subject": subject, "number": numbers[subject], "snapshot": dict(snapshot), "pages": 0,
                "template_sha256": template_sha256, "printed_at": at, "printed_by": account,
            }
            for subject, snapshot in snapshots.items()
        ]  # fmt: skip
        if rows:
            self._c.execute(t.printed.insert(), rows)
        return numbers

    def restore_print(self, row: PrintRow) -> None:
        """Put a print back as an object tells it; one that is known stays."""
        if not any(known.number == row.number for known in self.prints(row.subject)):
            self._c.execute(t.printed.insert().values(**asdict(row)))
            self._seals.touch("print", f"{row.subject}/{row.number}")

    def print_pages(self, subject: str, number: int, pages: int) -> None:
        """Write down how many pages of a print carry its code."""
        self._seals.touch("print", f"{subject}/{number}")
        this = (t.printed.c.subject == subject, t.printed.c.number == number)
        self._c.execute(t.printed.update().where(*this).values(pages=pages))

    def prints(self, subject: str) -> list[PrintRow]:
        """Return the prints of a record or sheet, oldest first."""
        query = sa.select(t.printed).where(t.printed.c.subject == subject).order_by(t.printed.c.number)
        return [PrintRow(**row._mapping) for row in self._c.execute(query)]

    def printed_values(self, states: Collection[State]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Give print id, record and shown values of every print that shows a record in one of these states."""
        p, c = t.printed.c, t.record.c
        wanted = [state.value for state in states]
        alone = sa.select(p.subject, p.number, p.snapshot).join(t.record, c.record_no == p.subject)
        for row in self._c.execute(alone.where(c.state.in_(wanted))):
            yield f"{row.subject}/{row.number}", row.subject, row.snapshot
        numbers = set(self._c.execute(sa.select(c.record_no).where(c.state.in_(wanted))).scalars())
        sheets = sa.select(p.subject, p.number, p.snapshot).where(p.subject.not_in(sa.select(c.record_no)))
        for row in self._c.execute(sheets):
            for record_no in row.snapshot.keys() & numbers:
                yield f"{row.subject}/{row.number}", record_no, row.snapshot[record_no]

    def _select(self, *conditions: sa.ColumnElement[bool]) -> Iterator[Record]:
        return self._records(sa.select(*_COLUMNS).where(*conditions).order_by(t.record.c.record_no))

    def _records(self, query: sa.Select[Any]) -> Iterator[Record]:
        return self._made(self._c.execute(query).all())

    def _made(self, found: Sequence[Sequence[Any]], beside: Sequence[Sequence[str]] | None = None) -> Iterator[Record]:
        """Make records of rows; `beside`: those with signatures, papers and corrections, where that is known."""
        rows = [dict(zip(_NAMES, row, strict=True)) for row in found]
        with_signatures, with_papers, with_corrections = beside or [[row["record_no"] for row in rows]] * 3
        signed, attached = self._signatures(with_signatures), self._attached(with_papers)
        corrected = self._corrections(with_corrections)
        for row in rows:
            row["state"] = State(row["state"])
            no = row["record_no"]
            yield Record(
                **row,
                signatures=tuple(signed.get(no, ())),
                attached=tuple(attached.get(no, ())),
                corrections=tuple(corrected.get(no, ())),
            )

    def _signatures(self, record_nos: Sequence[str]) -> dict[str, list[Signed]]:
        found: dict[str, list[Signed]] = defaultdict(list)
        for part in _chunks(record_nos):
            for row in self._c.execute(_SIGNATURES, {"numbers": [*part]}):
                found[row.record_no].append(Signed(*row[1:]))
        return found

    def _signatures_between(self, first: str, last: str) -> dict[str, tuple[Signed, ...]]:
        """Return the signatures of all records from one number to another: of thousands sooner than named singly."""
        found: dict[str, tuple[Signed, ...]] = {}
        for row in self._c.execute(_SIGNATURES_BETWEEN, {"first": first, "last": last}).all():
            found[row[0]] = (*found.get(row[0], ()), Signed(*row[1:]))
        return found

    def _attached(self, record_nos: Sequence[str]) -> dict[str, list[Attached]]:
        found: dict[str, list[Attached]] = defaultdict(list)
        for part in _chunks(record_nos):
            for row in self._c.execute(_ATTACHED, {"numbers": [*part]}):
                found[row.record_no].append(Attached(*row[1:]))
        return found

    def _corrections(self, record_nos: Sequence[str]) -> dict[str, list[Correction]]:
        found: dict[str, list[Correction]] = defaultdict(list)
        for part in _chunks(record_nos):
            for row in self._c.execute(_CORRECTIONS, {"numbers": [*part]}):
                found[row.record_no].append(Correction(*row[1:]))
        return found


def _counted(row: Sequence[Any], signed: tuple[Signed, ...]) -> Record:
    """Return the record of a row whose columns stand as a record's."""
    parts: list[Any] = [*row[:_STATE], _STATES[row[_STATE]], *row[_STATE + 1 :], signed]
    return Record(*parts)


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
