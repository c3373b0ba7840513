"""One account at work in a workspace: what it may do, and what is logged in its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from qrecords.acting import acting_account, caller_uid, require_three
from qrecords.advice import Do, Sentence, advise
from qrecords.desk.workspace import Workspace, system_now
from qrecords.errors import NotFound, NotPermitted, Problem
from qrecords.model.access import (
    ANYTHING,
    Account,
    Decision,
    DocumentScope,
    Rules,
    Scope,
    Sight,
    Subject,
    decide,
    decide_document,
    not_whole,
    readable,
    seen_units,
    sees,
    sight,
)
from qrecords.model.apart import Place, unseen
from qrecords.model.audit import Event
from qrecords.model.clock import CLOCK, TIMELESS, require_clock
from qrecords.model.numbering import RECORD_NO, FormCodes, full_record_no, retention_years
from qrecords.model.record import Action, Record
from qrecords.ports import Clock, Leases, Objects, Papers, Register
from qrecords.settings import Settings
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import AccessFile, template_sha256
from qrecords.stores.formfolders import complaint_kinds_mark
from qrecords.stores.formoutlines import FormOutlines
from qrecords.stores.fulltext.interface import OfficeIndex
from qrecords.stores.register import Transaction
from qrecords.work.step import Step

if TYPE_CHECKING:
    from qrecords.stores.formfiles import FormCatalogue

T = TypeVar("T")

LAST_EVENTS = 1000
# What changes a record's values, or lets its paper out: nothing is lost by who does not see it, and nothing told.
WHOLE = frozenset({Action.UPDATE, Action.CORRECT, Action.PRINT, Action.EXPORT, Action.COPY_ISSUE})
LOG = logging.getLogger("qrecords.steps")


@dataclass
class Session:
    """A workspace and the account that acts; services take it as their first argument. Made in microseconds."""

    workspace: Workspace
    account: Account
    via: str = ""  # the front end events name, where it is not the command line
    origin: str = ""  # where the requests come from: uid/ and the system's user, desk/ and the address

    # How the front end words what to do next, where a service writes it on paper or into a workbook.
    words: Callable[[Sentence], str] = str

    _settled: Rules | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, root: Path, account_name: str | None = None, clock: Clock = system_now) -> Session:
        """Open a workspace for who runs this process (acting.py), or refuse whoever is not known there."""
        workspace = Workspace.open(root, clock)
        try:
            uid = caller_uid(workspace.settings)
            found = acting_account(workspace.register, workspace.settings, account_name, workspace.clock(), uid)
            session = cls(workspace, found, origin=f"uid/{uid}")
            require_three(workspace.register, session.rules)
            session._note_access()
        except BaseException:
            workspace.close()
            raise
        return session

    def close(self) -> None:
        """Close the workspace, for all who share it."""
        self.workspace.close()

    @property
    def settings(self) -> Settings:
        """Return the workspace's settings."""
        return self.workspace.settings

    @property
    def register(self) -> Register[Transaction]:
        """Return the register."""
        return self.workspace.register

    @property
    def leases(self) -> Leases:
        """Return what this process holds in the register."""
        return self.workspace.leases

    @property
    def forms(self) -> FormCatalogue:
        """Return the controlled forms."""
        return self.workspace.forms

    @property
    def form_codes(self) -> FormCodes:
        """Return the codes of the forms, by which records are called."""
        return self.workspace.form_codes

    def full_record_no(self, text: str, form_code: str = "") -> str:
        """Return the number a record is called by, in full; what is no number stays as it is."""
        return full_record_no(text, self.form_codes, form_code)

    @property
    def outlines(self) -> FormOutlines:
        """Return what search needs of the forms."""
        return self.workspace.outlines

    @property
    def archive(self) -> Objects:
        """Return the objects."""
        return self.workspace.archive

    @property
    def index(self) -> OfficeIndex:
        """Return the full-text index."""
        return self.workspace.index

    @property
    def access(self) -> AccessFile:
        """Return the roles of the office."""
        return self.workspace.access

    @property
    def indexes_dir(self) -> Path:
        """Return the folder of what is derived and may be deleted at any time."""
        return self.workspace.indexes_dir

    @property
    def papers(self) -> Papers:
        """Return all paper that is in no object."""
        return self.workspace.papers

    def clock(self) -> datetime:
        """Return the moment by the office's clock."""
        return self.workspace.clock()

    def now(self) -> str:
        """Return the moment as the register and the log write it (RFC 3339)."""
        return self.clock().isoformat()

    def today(self) -> str:
        """Return the day as YYYY-MM-DD."""
        return self.clock().date().isoformat()

    @property
    def rules(self) -> Rules:
        """Return the roles, and how strictly they are kept apart, as of today."""
        if self._settled is not None:
            return self._settled
        separation: Any = self.settings.access.separation
        return Rules(separation, self.access.roles, self.today(), self.workspace.apart)

    def settle(self) -> None:
        """Let the roles stand as they are at this moment, for a session that ends with one page made at once."""
        self._settled = self.rules

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
            seen = subject or Subject(form_code=self.form_codes.form_named(about))
            self._require([(about, decide(self.account, action, seen, self.rules))], action)

    def authorise_all(self, action: Action, records: Iterable[Record]) -> None:
        """Let the account do this to all of the records, or refuse, and log the refusals."""
        records, rules, notices = list(records), self.rules, self.own_notices()
        about = ((r, self._subject(r, notices)) for r in records)
        if action is Action.REVIEW and rules.separation == "strict":
            wrote = self._wrote_in([r.record_no for r in records])
            about = ((r, replace(s, authored=s.authored or r.record_no in wrote)) for r, s in about)
        self._require([(r.record_no, self._decided(action, r, s, rules)) for r, s in about], action)

    def authorise_document(self, action: Action, scope: DocumentScope, about: str) -> None:
        """Let the account do this to a document of a scope, or refuse, and log the refusal.

        NotFound for a document the account may not read, as for one that is not there; else NotPermitted.
        """
        self._require([(about, decide_document(self.account, action, scope, self.rules))], action, missing_document)

    def may_document(self, action: Action, scope: DocumentScope) -> bool:
        """Tell whether the account may do this to a document of a scope; nothing is logged."""
        return decide_document(self.account, action, scope, self.rules).allowed

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

    def _require(
        self,
        decisions: Sequence[tuple[str, Decision]],
        action: Action,
        missing: Callable[[Sequence[str]], NotFound] | None = None,
    ) -> None:
        refused = [(about, decision) for about, decision in decisions if not decision.allowed]
        if not refused:
            if action not in TIMELESS:
                with self.register.read() as tx:
                    require_clock(self.clock(), trusted_newest(tx), self.settings.office.longest_pause_days)
            return
        self.note([self.event(action, about, outcome="refused") for about, _ in refused])
        if hidden := [about for about, decision in refused if decision.hidden]:
            raise (missing or missing_records)(hidden)
        problems = [Problem(decision.reason, source=about) for about, decision in refused]
        first = refused[0][1]
        raise NotPermitted(first.reason, remedy=first.remedy, problems=problems if len(problems) > 1 else [])

    def allows(self, action: Action, subject: Subject = ANYTHING) -> bool:
        """Tell whether the account may do this; nothing is logged."""
        return decide(self.account, action, subject, self.rules).allowed

    def allowed_at_all(self, actions: Iterable[Action]) -> frozenset[Action]:
        """Return those of some actions the account may do at all, by the roles as they are now; nothing is logged."""
        rules = self.rules
        return frozenset(a for a in actions if decide(self.account, a, ANYTHING, rules).allowed)

    def readable(self) -> tuple[Scope, ...] | None:
        """Return what the account may read, for the filter inside a query: None = everything, () = nothing."""
        return readable(self.account, self.rules, self.own_notices())

    def only_readable(self, records: Iterable[Record], action: Action = Action.READ) -> list[Record]:
        """Return the records the account may read (or do something else with), in their order.

        Each without what is kept apart in it and the account does not see: what is shown of records comes through here.
        """
        rules, notices = self.rules, self.own_notices()
        pairs = ((r, self._subject(r, notices)) for r in records)
        found = [(r, subject) for r, subject in pairs if self._decided(action, r, subject, rules).allowed]
        if (by := sight(self.account, rules)) is None and not any(subject.others for _, subject in found):
            return [r for r, _ in found]
        return [r.without(self._unseen(r, subject, by)) for r, subject in found]

    def unseen(self, record: Record) -> Sequence[Place]:
        """Return where in a record stands, or might stand, what the account does not see though it may read it."""
        outline = self.outlines.get(record.form_code)
        if not outline.apart and not outline.shared:
            return ()
        subject = self._subject(record, self.own_notices())
        return self._unseen(record, subject, sight(self.account, self.rules))

    def _subject(self, record: Record, notices: Collection[str]) -> Subject:
        others = self.outlines.get(record.form_code).other_units(record.values)
        return Subject.of(record, self.account, notices, others)

    def _unseen(self, record: Record, subject: Subject, by: Sight | None) -> Sequence[Place]:
        outline = self.outlines.get(record.form_code)
        hidden: list[Place] = []
        if outline.apart and by is not None:
            hidden += unseen(outline.apart, sees(self.account, subject, by))
        if subject.others and (seen := seen_units(self.account, subject, self.rules)) is not None:
            hidden += outline.of_others(seen, subject.unit)
        return hidden

    def _decided(self, action: Action, record: Record, subject: Subject, rules: Rules) -> Decision:
        """Decide on an action about a record; what needs it whole, only for who sees all of it."""
        found = decide(self.account, action, subject, rules)
        if not found.allowed or action not in WHOLE:
            return found
        by = sight(self.account, rules)
        if by is None and not subject.others:
            return found
        form = self.outlines.get(record.form_code)
        hidden = record.withheld or record.without(self._unseen(record, subject, by)).withheld
        if action is Action.UPDATE:  # whose record it is writes on with it: other units' parts stay as they are
            hidden = tuple(path for path in hidden if path not in {f.key for f in form.shared})
        if not hidden:
            return found
        return not_whole(self.account, action, [form.label(path) for path in hidden])

    def sees_all(self) -> bool:
        """Tell whether the account reads every record, and all of it."""
        return self.reach() == (None, None)

    def reach(self) -> Hashable:
        """Return what an account is shown: what it may read, and see of it. The same for two, the same is shown."""
        return self.readable(), sight(self.account, self.rules)

    def allowed(self, actions: Iterable[Action], record: Record) -> list[Action]:
        """Return which of these the account may do with a record; nothing is logged."""
        rules, subject = self.rules, self._subject(record, self.own_notices())
        return [action for action in actions if self._decided(action, record, subject, rules).allowed]

    def own_notices(self) -> frozenset[str]:
        """Return the service notices the account's person is sent out by."""
        roles = [role for g in self.account.grants if (role := self.access.roles.get(g.role))]
        if not any(right.whose == "own" for role in roles for right in role.rights):
            return frozenset()
        person, form = self.account.display_name, self.outlines.doing("notice")
        with self.register.read() as tx:  # every notice is looked through: kept until a record changes
            return self.workspace.sent_out.get(
                tx.records.last_change(), (person, form), lambda: frozenset(tx.records.notices_naming(person, form))
            )

    def _records_called(self, name: str) -> list[Record]:
        """Return the record of a number, or those of an item or volume; NotFound for a record that is not there."""
        is_record = RECORD_NO.match(name)
        if not is_record and not retention_years(name):
            return []
        with self.register.read() as tx:
            if not is_record:
                return tx.records.find(archive_no=name) or tx.records.find(volume_code=name)
            if (record := tx.records.get(name)) is None:
                raise missing_records([name])
            return [record]

    def _note_access(self) -> None:
        """Log that the roles, or how strictly they are kept apart, are others than when the office was last opened."""
        separation, sha256 = self.settings.access.separation, self.access.sha256
        with self.register.read() as tx:
            known = tx.facts.get(ACCESS_FILE)
        if known != (now := f"{separation} {sha256}") and not self.register.read_only:
            with self.register.write() as tx:
                tx.facts.set(ACCESS_FILE, now)
                if known or now != f"single-desk {template_sha256()}":
                    detail = {"separation": separation, "sha256": sha256, "before": known}
                    tx.audit.append([self.event(Action.RIGHTS, ACCESS_FILE, **detail)])

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was worked out of the office as it stands, or work it out: it holds until a record changes.

        Or a form, what counts as a complaint, the roles, the settings, the day. What hangs on who asks says so in its
        key: the account, or what it may read (`readable`). It is shared by all threads; nobody may change it.
        """
        with self.register.read() as tx:
            last = tx.records.last_change()
        forms = self.workspace.forms
        read_each_time = self.access.sha256, self.form_codes, complaint_kinds_mark(self.settings.forms_dir)
        state = (last, self.today(), self.settings, forms, forms.taken_back, *read_each_time)
        return self.workspace.kept.get(state, key, make)

    def event(self, action: str, about: str, *, outcome: str = "done", **detail: Any) -> Event:
        """Return an event of this account, now; the chain is set when it is appended."""
        told = detail | {key: value for key in ("via", "origin") if (value := getattr(self, key))}
        return Event(0, self.now(), self.account.name, str(action), about, outcome, told)

    def note(self, events: Sequence[Event]) -> None:
        """Log what was read, or refused, without waiting for who writes; when this returns it is kept for good."""
        self.workspace.note(events)

    @contextmanager
    def under_way(self) -> Iterator[str]:
        """Give the id for a step's intent; while the block runs the step counts as alive. One line of `--log` tells."""
        began, key = perf_counter(), ""
        try:
            with self.workspace.under_way() as key:
                yield key
        finally:
            what = self.workspace.steps.pop(key, "-")
            LOG.info("%s %s %s %.0f ms", key, self.account.name, what, (perf_counter() - began) * 1e3)

    def exclusive(self, work: str, label: str) -> AbstractContextManager[None]:
        """Let only one process do this work in the workspace; WrongState when another is still at it."""
        return self.workspace.exclusive(work, label)

    def begin(self, tx: Transaction, key: str, step: Step[Any]) -> None:
        """Write down the intent of a step, with the head of the log at its beginning."""
        self.workspace.steps[key] = step.KIND
        tx.intents.begin(key, step.KIND, step.written(), self.account.name, self.now(), tx.audit.head()[1])


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
        remedy=advise("请核对编号；用 {} 或 {} 查找", Do.LIST, Do.SEARCH),
        problems=[Problem("没有这份记录", source=no) for no in numbers] if len(numbers) > 1 else [],
    )


def missing_document(numbers: Sequence[str]) -> NotFound:
    """Return the one answer for documents that are not there and for those that may not be read."""
    return NotFound(
        f"没有这份文件：{'、'.join(numbers)}",
        remedy=advise("请核对编号，如 KF-BB-2026-003；用 {} 查看", Do.LIST_DOCUMENTS),
    )
