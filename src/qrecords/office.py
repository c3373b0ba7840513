"""Opens one workspace: its forms, stores, clock and the acting account."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filelock import FileLock, Timeout

from qrecords.errors import NotPermitted, WrongState
from qrecords.model.access import Account, decide
from qrecords.model.audit import Event
from qrecords.model.record import Action
from qrecords.settings import Settings, load
from qrecords.stores.archive import Archive
from qrecords.stores.formoutlines import FormOutlines
from qrecords.stores.fulltext.store import IndexStore
from qrecords.stores.register import Register, Transaction

if TYPE_CHECKING:
    from qrecords.stores.formfiles import FormCatalogue

REGISTER_FILE = "register.sqlite"
LOCK_SECONDS = 60

Clock = Callable[[], datetime]


def local_now() -> datetime:
    """Return the moment by the office's clock, to the second, with its offset."""
    return datetime.now().astimezone().replace(microsecond=0)


@dataclass
class Office:
    """One workspace, opened for one account; services take it as their first argument."""

    settings: Settings
    account: Account
    register: Register
    clock: Clock = local_now

    @classmethod
    def open(cls, root: Path, account_name: str | None = None, clock: Clock = local_now) -> Office:
        """Open a workspace as the operating-system user who runs this, or refuse whoever is not known there."""
        settings = load(root)
        register = Register.open(settings.archive_dir / REGISTER_FILE)
        try:
            return cls(settings, _acting_account(register, account_name), register, clock)
        except NotPermitted:
            register.close()
            raise

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

    @property
    def drafts_dir(self) -> Path:
        """Return the folder of working copies on their way to the printer; they can be printed again any time."""
        return self.settings.archive_dir / "drafts"

    @property
    def evidence_dir(self) -> Path:
        """Return the folder of signed papers waiting to be filed with their record."""
        return self.settings.archive_dir / "evidence"

    def close(self) -> None:
        """Let go of the register's and the index's files."""
        self.register.close()
        if "index" in self.__dict__:
            self.index.close()

    def now(self) -> str:
        """Return the moment as the register and the log write it (RFC 3339)."""
        return self.clock().isoformat()

    def today(self) -> str:
        """Return the day as YYYY-MM-DD."""
        return self.clock().date().isoformat()

    def authorise(self, action: Action, about: str) -> None:
        """Let the account do this, or refuse, and log the refusal."""
        decision = decide(self.account, action)
        if not decision.allowed:
            with self.register.write() as tx:
                tx.audit.append([self.event(action, about, outcome="refused")])
            raise NotPermitted(decision.reason, remedy=decision.remedy)

    def event(self, action: str, about: str, *, outcome: str = "done", **detail: Any) -> Event:
        """Return an event of this account, now; the chain is set when it is appended."""
        return Event(0, self.now(), self.account.name, str(action), about, outcome, detail)

    @contextmanager
    def under_way(self) -> Iterator[str]:
        """Give the id for a step's intent; while the block runs the step counts as alive."""
        key = uuid4().hex[:12]
        lock = self._lock(key)
        try:
            with lock:
                yield key
        finally:
            with suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)

    def is_alive(self, intent: str) -> bool:
        """Tell whether the process that began a step still runs."""
        lock = self._lock(intent)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        return False

    @contextmanager
    def exclusive(self, work: str, label: str) -> Iterator[None]:
        """Let only one process do this work in the workspace; WrongState when another is still at it."""
        try:
            with self._lock(work).acquire(timeout=LOCK_SECONDS):
                yield
        except Timeout:
            raise WrongState(f"另一个程序正在{label}", remedy="请等它结束后再试") from None

    def begin(self, tx: Transaction, key: str, kind: str, payload: Mapping[str, Any]) -> None:
        """Write down the intent of a step, with the head of the log at its beginning."""
        tx.intents.begin(key, kind, payload, self.account.name, self.now(), tx.audit.head()[1])

    def _lock(self, name: str) -> FileLock:
        folder = self.settings.archive_dir / "locks"
        folder.mkdir(exist_ok=True)
        return FileLock(folder / f"{name}.lock")


def peer_uid() -> str:
    """Return the operating-system user's id; never taken from an environment variable."""
    if sys.platform != "win32":
        return str(os.getuid())
    answer = subprocess.run(["whoami", "/user", "/fo", "csv", "/nh"], capture_output=True, text=True, check=True)
    return next(csv.reader([answer.stdout.strip()]))[1]


def _acting_account(register: Register, name: str | None) -> Account:
    uid = peer_uid()
    with register.read() as tx:
        account = tx.accounts.by_uid(uid)
    if account is None or (name is not None and account.name != name):
        raise NotPermitted(
            f"系统用户 {uid} 不是这个工作区的账号" + (f" {name}" if name else ""),
            remedy="请由建立工作区的人操作，或换到已登记的系统用户",
        )
    return account
