"""A workspace, opened once for a process: forms, stores, settings, clock and leases, shared by all who act in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING
from uuid import uuid4

from qrecords.desk.kept import Kept, Recent
from qrecords.desk.notes import Notes
from qrecords.desk.places import open_archive, open_register, require_place
from qrecords.model.audit import Event
from qrecords.model.numbering import FormCodes
from qrecords.ports import Clock, Leases, Objects, Papers, Register
from qrecords.settings import Settings, load
from qrecords.stores.accessfile import AccessFile, access_mark, read_access
from qrecords.stores.archives import papers_of
from qrecords.stores.durable import storage_errors
from qrecords.stores.formfolders import form_codes, has_form
from qrecords.stores.formoutlines import FormOutlines
from qrecords.stores.fulltext.interface import OfficeIndex
from qrecords.stores.fulltext.store import IndexStore
from qrecords.stores.register import Busy, Transaction
from qrecords.work.leases import LeaseKeeper

if TYPE_CHECKING:
    from qrecords.stores.formfiles import FormCatalogue


# The other processes of a desk log readings too, in a few ms: to set these aside takes longer than to let them.
NOTE_SECONDS = 0.02
LONG_SECONDS = 1.0  # who kept the register that short a while ago, and still does, is at long work: nobody waits again
HITS_KEPT = 2000  # records of some 20 kB


def system_now() -> datetime:
    """Return the machine's moment; the office's settings say in which zone it is shown (Settings.moment)."""
    return datetime.now(UTC)


@dataclass
class Workspace:
    """The stores of one office, safe for threads; who acts in it is a Session."""

    settings: Settings
    register: Register[Transaction]
    source: Clock = system_now
    cores: int = field(default=0, kw_only=True)  # this process may use; 0: all there are
    leases: Leases = field(default=None, kw_only=True)  # type: ignore[assignment]  # made below

    kept: Kept = field(default_factory=Kept, init=False, repr=False)
    sent_out: Kept = field(default_factory=Kept, init=False, repr=False)  # on which notices, by person and form

    hits: Recent = field(
        default_factory=partial(Recent, HITS_KEPT), init=False, repr=False
    )  # what search shows of records

    steps: dict[str, str] = field(default_factory=dict, init=False, repr=False)  # what is under way here, by id

    _codes: tuple[str, ...] | None = field(default=None, init=False, repr=False)  # of the forms, when last noticed
    _access: tuple[tuple[int, int, int] | None, AccessFile] | None = field(default=None, init=False, repr=False)
    _copied: TemporaryDirectory[str] | None = field(default=None, init=False, repr=False)
    _access_guard: Lock = field(default_factory=Lock, init=False, repr=False)
    _notes: Notes = field(default=None, init=False, repr=False)  # type: ignore[assignment]  # made below
    _set_aside_at: float = field(default=-LONG_SECONDS, init=False, repr=False)

    def __post_init__(self) -> None:
        self._notes = Notes(self._note)
        self.leases = self.leases or LeaseKeeper(self.register)

    @classmethod
    def open(cls, root: Path, clock: Clock = system_now) -> Workspace:
        """Open the folder of a workspace; close() lets go of it."""
        settings = load(root)
        register = open_register(settings)
        try:
            require_place(settings, register)
        except BaseException:
            register.close()
            raise
        return cls(settings, register, clock)

    def close(self) -> None:
        """Let go of the register's and the index's files."""
        self.leases.close()
        self.register.close()
        if "index" in self.__dict__:
            self.index.close()
        if self._copied is not None:
            self._copied.cleanup()

    @cached_property
    def forms(self) -> FormCatalogue:
        """Return the controlled forms."""
        from qrecords.stores.formfiles import FormCatalogue  # takes time, and a search does without

        return FormCatalogue(self.settings.forms_dir)

    @property
    def form_codes(self) -> FormCodes:
        """Return the codes of the forms by their folders, without reading one."""
        return FormCodes(self.settings.forms_dir.name, tuple(form_codes(self.settings.forms_dir)))

    def forget_forms(self) -> None:
        """Let the forms be read again: one of their files was changed."""
        self.__dict__.pop("forms", None)
        self.__dict__.pop("outlines", None)

    def notice_forms(self) -> None:
        """Let the forms be read again when another process switched a series on or off: for who goes on for days."""
        codes = form_codes(self.settings.forms_dir)
        if self._codes is not None and self._codes != codes:
            self.forget_forms()
        self._codes = codes

    @cached_property
    def outlines(self) -> FormOutlines:
        """Return what search needs of the forms, without reading their definitions."""
        return FormOutlines(self.settings.forms_dir, self.indexes_dir, lambda: self.forms)

    @cached_property
    def archive(self) -> Objects:
        """Return the objects."""
        return open_archive(self.settings)

    @cached_property
    def papers(self) -> Papers:
        """Return all paper that is in no object."""
        return papers_of(self.settings.root, self.settings.archive)

    @cached_property
    def index(self) -> OfficeIndex:
        """Return the full-text index."""
        return IndexStore(self.indexes_dir, self.settings.index.engine, self.register.register_id)

    @cached_property
    def indexes_dir(self) -> Path:
        """Return where the index is; of a disk that takes no writes a copy, which can follow the register."""
        if not self.register.read_only:
            return self.settings.indexes_dir
        self._copied = TemporaryDirectory(prefix="qrecords-index-", ignore_cleanup_errors=True)
        copy = Path(self._copied.name) / "indexes"
        if self.settings.indexes_dir.is_dir():
            shutil.copytree(self.settings.indexes_dir, copy)
        return copy

    def use_engine(self, name: str) -> None:
        """Go on with another full-text engine."""
        self.settings = replace(self.settings, index=replace(self.settings.index, engine=name))
        if index := self.__dict__.pop("index", None):
            index.close()

    @property
    def access(self) -> AccessFile:
        """Return the roles of the office, as their file now says."""
        with self._access_guard:
            mark = access_mark(self.settings.root)
            if self._access is None or self._access[0] != mark:
                self._access = mark, read_access(self.settings.root, self.settings.forms_dir.name)
            return self._access[1]

    @property
    def apart(self) -> tuple[str, ...]:
        """Return the forms kept apart that this office has, or had: what was made on them is still there."""
        return tuple(code for code in self.access.apart if has_form(self.settings.forms_dir, code))

    def clock(self) -> datetime:
        """Return the moment by the office's clock: whoever runs this, wherever, the day is the office's."""
        return self.settings.moment(self.source)

    def note(self, events: Sequence[Event]) -> None:
        """Log what was read, or refused, without waiting for who writes; when this returns it is kept for good."""
        if self.register.read_only or (not events and not self.register.has_aside()):
            return  # on a disk that takes no writes nothing can be logged, and nothing be done
        self._notes.note(events)

    def _note(self, events: Sequence[Event]) -> None:
        now = monotonic()
        until = now if now - self._set_aside_at < LONG_SECONDS else now + NOTE_SECONDS
        while True:
            try:
                with self.register.write(wait=False) as tx:
                    tx.audit.append(list(events))
                return
            except Busy:
                if not events or monotonic() >= until:
                    break
            sleep(NOTE_SECONDS / 10)
        if events:
            self.register.set_aside(events)
            self._set_aside_at = monotonic()

    @contextmanager
    def under_way(self) -> Iterator[str]:
        """Give the id for a step's intent; while the block runs the step counts as alive."""
        key = uuid4().hex[:12]
        with storage_errors(self.settings.archive_dir):  # the register goes on in a folder that was moved away
            self.settings.archive_dir.stat()
        with self.leases.hold(key):
            require_place(self.settings, self.register)  # they may have been moved since this was opened
            yield key

    @contextmanager
    def exclusive(self, work: str, label: str) -> Iterator[None]:
        """Let only one process do this work in the workspace; WrongState when another is still at it."""
        with self.leases.hold_alone(f"work/{work}", label):
            yield
