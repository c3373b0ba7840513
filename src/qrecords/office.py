"""Opens one workspace: its forms, stores, clock and the acting account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from qrecords.acting import acting_account, require_three
from qrecords.errors import NotFound, NotPermitted, Problem
from qrecords.model.access import ANYTHING, Account, Decision, Rules, Scope, Subject, decide, readable
from qrecords.model.audit import Event
from qrecords.model.clock import CLOCK, TIMELESS, require_clock
from qrecords.model.numbering import RECORD_NO, form_named, retention_years
from qrecords.model.record import Action, Record
from qrecords.settings import Settings, load
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import AccessFile, read_access, template_sha256
from qrecords.stores.archive import Archive
from qrecords.stores.durable import storage_errors
from qrecords.stores.formoutlines import FormOutlines
from qrecords.stores.fulltext.store import IndexStore
from qrecords.stores.register import Busy, Register, Transaction
from qrecords.work.leases import LeaseKeeper

if TYPE_CHECKING:
    from qrecords.stores.formfiles import FormCatalogue

REGISTER_FILE = "register.sqlite"

LAST_EVENTS = 1000

Clock = Callable[[], datetime]


def system_now() -> datetime:
    """Return the machine's moment; the office's settings say in which zone it is shown (Settings.moment)."""
    return datetime.now(UTC)


@dataclass
class Office:
    """One workspace, opened for one account; services take it as their first argument."""

    settings: Settings
    account: Account
    register: Register
    clock: Clock = system_now
    leases: LeaseKeeper = field(default=None, kw_only=True)  # type: ignore[assignment]  # made below

    def __post_init__(self) -> None:
        self.clock = partial(self.settings.moment, self.clock)  # whoever runs this, wherever: the day is the office's
        self.leases = self.leases or LeaseKeeper(self.register)  # a copy for another account shares it

    @classmethod
    def open(cls, root: Path, account_name: str | None = None, clock: Clock = system_now) -> Office:
        """Open a workspace for who runs this (acting.py), or refuse whoever is not known there."""
        settings = load(root)
        register = Register.open(settings.archive_dir / REGISTER_FILE)
        try:
            account = acting_account(register, settings, account_name, settings.moment(clock))
            office = cls(settings, account, register, clock)
            require_three(register, office.rules)
            office._note_access()
        except BaseException:
            register.close()
            raise
        return office

    @cached_property
    def forms(self) -> FormCatalogue:
        """Return the controlled forms."""
        from qrecords.stores.formfiles import FormCatalogue  # takes time, and a search does without

        return FormCatalogue(self.settings.forms_dir)

    @cached_property
    def outlines(self) -> FormOutlines:
        """Return what search needs of the forms, without reading their definitions."""
        return FormOutlines(self.settings.forms_dir, self.settings.indexes_dir, lambda: self.forms)

    @cached_property
    def archive(self) -> Archive:
        """Return the objects."""
        return Archive(self.settings.archive_dir)

    @cached_property
    def index(self) -> IndexStore:
        """Return the full-text index."""
        return IndexStore(self.settings.indexes_dir, self.settings.index.engine, self.register.register_id)

    def use_engine(self, name: str) -> None:
        """Go on with another full-text engine."""
        self.settings = replace(self.settings, index=replace(self.settings.index, engine=name))
        if index := self.__dict__.pop("index", None):
            index.close()

    @property
    def drafts_dir(self) -> Path:
        """Return the folder of working copies on their way to the printer; they can be printed again any time."""
        return self.settings.archive_dir / "drafts"

    @property
    def evidence_dir(self) -> Path:
        """Return the folder of signed papers waiting to be filed with their record."""
        return self.settings.archive_dir / "evidence"

    @property
    def inbox_dir(self) -> Path:
        """Return the folder of scanned pages that wait for their record or for the rest of their print."""
        return self.settings.archive_dir / "inbox" / "unmatched"

    def close(self) -> None:
        """Let go of the register's and the index's files."""
        self.leases.close()
        self.register.close()
        if "index" in self.__dict__:
            self.index.close()

    def now(self) -> str:
        """Return the moment as the register and the log write it (RFC 3339)."""
        return self.clock().isoformat()

    def today(self) -> str:
        """Return the day as YYYY-MM-DD."""
        return self.clock().date().isoformat()

    @cached_property
    def access(self) -> AccessFile:
        """Return the roles of the office."""
        return read_access(self.settings.root)

    @property
    def rules(self) -> Rules:
        """Return the roles, and how strictly they are kept apart, as of today."""
        separation: Any = self.settings.access.separation
        return Rules(separation, self.access.roles, self.today())

    def authorise(self, action: Action, about: str, subject: Record | Subject | None = None) -> None:
        """Let the account do this, or refuse, and log the refusal.

        `about` is a record number, a form, or what the action is called about; a record already at hand goes in as
        `subject`. NotFound for a record the account may not read, as for one that is not there; else NotPermitted.
        """
        if isinstance(subject, Record):
            self.authorise_all(action, [subject])
        elif subject is None and (records := self._records_called(about)):
            self.authorise_all(action, records)
        else:
            seen = subject or Subject(form_code=form_named(about))
            self._require([(about, decide(self.account, action, seen, self.rules))], action)

    def authorise_all(self, action: Action, records: Iterable[Record]) -> None:
        """Let the account do this to all of the records, or refuse, and log the refusals."""
        records, rules, notices = list(records), self.rules, self.own_notices()
        about = ((r.record_no, Subject.of(r, self.account, notices)) for r in records)
        if action is Action.REVIEW and rules.separation == "strict":
            wrote = self._wrote_in([r.record_no for r in records])
            about = ((no, replace(s, authored=s.authored or no in wrote)) for no, s in about)
        self._require([(no, decide(self.account, action, subject, rules)) for no, subject in about], action)

    def _wrote_in(self, record_nos: Sequence[str]) -> set[str]:
        """Return the records the account filled in or went on filling in, as the log says."""
        writing = {Action.CREATE, Action.UPDATE}
        with self.register.read() as tx:
            return {
                no
                for no in record_nos
                for e in tx.audit.events(no)
                if e.account == self.account.name and e.action in writing and e.outcome == "done"
            }

    def _require(self, decisions: Sequence[tuple[str, Decision]], action: Action) -> None:
        refused = [(about, decision) for about, decision in decisions if not decision.allowed]
        if not refused:
            if action not in TIMELESS:
                with self.register.read() as tx:
                    require_clock(self.clock(), trusted_newest(tx), self.settings.office.longest_pause_days)
            return
        self.note([self.event(action, about, outcome="refused") for about, _ in refused])
        if hidden := [about for about, decision in refused if decision.hidden]:
            raise missing_records(hidden)
        problems = [Problem(decision.reason, source=about) for about, decision in refused]
        first = refused[0][1]
        raise NotPermitted(first.reason, remedy=first.remedy, problems=problems if len(problems) > 1 else [])

    def allows(self, action: Action, subject: Subject = ANYTHING) -> bool:
        """Tell whether the account may do this; nothing is logged."""
        return decide(self.account, action, subject, self.rules).allowed

    def readable(self) -> tuple[Scope, ...] | None:
        """Return what the account may read, for the filter inside a query: None = everything, () = nothing."""
        return readable(self.account, self.rules, self.own_notices())

    def only_readable(self, records: Iterable[Record], action: Action = Action.READ) -> list[Record]:
        """Return the records the account may read (or do something else with), in their order."""
        rules, notices = self.rules, self.own_notices()
        return [r for r in records if decide(self.account, action, Subject.of(r, self.account, notices), rules).allowed]

    def own_notices(self) -> frozenset[str]:
        """Return the service notices the account's person is sent out by."""
        roles = [role for g in self.account.grants if (role := self.access.roles.get(g.role))]
        if not any(right.whose == "own" for role in roles for right in role.rights):
            return frozenset()
        with self.register.read() as tx:
            return frozenset(tx.records.notices_naming(self.account.display_name))

    def _records_called(self, name: str) -> list[Record]:
        """Return the record of a number, or those of an item or volume; NotFound for a record that is not there."""
        with self.register.read() as tx:
            if RECORD_NO.match(name):
                if (record := tx.records.get(name)) is None:
                    raise missing_records([name])
                return [record]
            if retention_years(name):
                return tx.records.find(archive_no=name) or tx.records.find(volume_code=name)
        return []

    def _note_access(self) -> None:
        """Log that the roles, or how strictly they are kept apart, are others than when the office was last opened."""
        separation, sha256 = self.settings.access.separation, self.access.sha256
        with self.register.read() as tx:
            known = tx.facts.get(ACCESS_FILE)
        if known != (now := f"{separation} {sha256}"):
            with self.register.write() as tx:
                tx.facts.set(ACCESS_FILE, now)
                if known or now != f"single-desk {template_sha256()}":
                    detail = {"separation": separation, "sha256": sha256, "before": known}
                    tx.audit.append([self.event(Action.RIGHTS, ACCESS_FILE, **detail)])

    def event(self, action: str, about: str, *, outcome: str = "done", **detail: Any) -> Event:
        """Return an event of this account, now; the chain is set when it is appended."""
        return Event(0, self.now(), self.account.name, str(action), about, outcome, detail)

    def note(self, events: Sequence[Event]) -> None:
        """Log what was read, or refused, without waiting for who writes; when this returns it is kept for good."""
        if not events and not self.register.has_aside():
            return
        try:
            with self.register.write(wait=False) as tx:
                tx.audit.append(list(events))
        except Busy:
            if events:
                self.register.set_aside(events)

    @contextmanager
    def under_way(self) -> Iterator[str]:
        """Give the id for a step's intent; while the block runs the step counts as alive."""
        key = uuid4().hex[:12]
        with storage_errors(self.settings.archive_dir):  # the register goes on in a folder that was moved away
            self.settings.archive_dir.stat()
        with self.leases.hold(key):
            yield key

    def is_alive(self, intent: str) -> bool:
        """Tell whether the process that began a step still runs."""
        return self.leases.is_alive(intent)

    @contextmanager
    def exclusive(self, work: str, label: str) -> Iterator[None]:
        """Let only one process do this work in the workspace; WrongState when another is still at it."""
        with self.leases.hold_alone(f"work/{work}", label):
            yield

    def begin(self, tx: Transaction, key: str, kind: str, payload: Mapping[str, Any]) -> None:
        """Write down the intent of a step, with the head of the log at its beginning."""
        tx.intents.begin(key, kind, payload, self.account.name, self.now(), tx.audit.head()[1])


def trusted_newest(tx: Transaction, *, whole: bool = False) -> datetime | None:
    """Return the latest moment in the log since times in it were last declared wrong; None when there is none.

    Steps look at the last events only, so that a long log costs nothing; `whole` reads them all.
    """
    declared = tx.audit.numbered(tx.facts.get(CLOCK), CLOCK, "done")
    since = declared.seq if declared else 0
    return tx.audit.newest(since if whole else max(since, tx.audit.head()[0] - LAST_EVENTS))


def missing_records(numbers: Sequence[str]) -> NotFound:
    """Return the one answer for records that are not there and for those that may not be read."""
    return NotFound(
        f"没有这些记录：{'、'.join(numbers[:10])}" + ("等" if len(numbers) > 10 else ""),
        remedy="请核对编号；用 qrecords list 或 qrecords search 查找",
        problems=[Problem("没有这份记录", source=no) for no in numbers] if len(numbers) > 1 else [],
    )
