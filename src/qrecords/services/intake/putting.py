"""Puts a table the office keeps as a file in place, and logs what it says now: both, or neither.

The lists of customers and products in the workspace; people and days of rest beside the forms.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.work.step import Step, running


@dataclass(frozen=True)
class PutTable(Step[Office]):
    """Where the file is, below the workspace; the hash of what shall stand in it; whose right it is."""

    KIND = "put"

    place: str
    sha256: str
    action: str

    def standing(self, office: Office) -> PutTable | None:
        """Return all of it when the file says what it should; else it says what it said before."""
        office.workspace.forget_forms()
        path = office.settings.root / self.place
        return self if path.is_file() and _digest(path.read_bytes()) == self.sha256 else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the log say what the file says now."""
        tx.audit.append([office.event(self.action, PurePath(self.place).name, sha256=self.sha256)])


def put(office: Office, place: str, data: bytes, action: Action) -> None:
    """Write the file at its place below the workspace and log its hash; a break in between is finished or undone."""
    with running(office) as run:
        with office.register.write() as tx:
            step = run.begin(tx, PutTable(place, _digest(data), str(action)))
        durable.checkpoint("put.intent")
        durable.write_file(office.settings.root / place, data)
        durable.checkpoint("put.placed")
        run.commit(step)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
