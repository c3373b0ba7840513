"""A step that makes files: planned in one transaction, made without a lock, committed in another; or undone.

A subclass is the step's intent: what was planned, kept as JSON in the register until the step is over, and all that can
be done with that alone, by whoever finds it: commit, tidy, undo. How it is planned and made is the service's, which has
in hand what it was asked for:

    with running(office) as run:
        with office.register.write() as tx:
            step = run.begin(tx, FileItems(...))  # plan: checked, numbered, written down
        ...  # make: papers rendered in run.folder, objects published
        run.commit(step)

Killed anywhere, a step is recovered from its intent. What a step needs of a session is a protocol here: sessions stand
above it, and write its intents down.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from qrecords.ports import Objects, Register
from qrecords.stores import durable
from qrecords.stores.register import Transaction

# For the parts of an intent: a key this release does not know was written by a newer one.
EXACT: Mapping[str, str] = {"extra": "forbid"}
FINISHED, PARTLY, UNDONE, UNFINISHED = "finished", "partly", "undone", "unfinished"


class Desk(Protocol):
    """What a step needs of the session that carries it out."""

    @property
    def register(self) -> Register[Transaction]:
        """Return the register."""

    @property
    def archive(self) -> Objects:
        """Return the objects."""

    def under_way(self) -> AbstractContextManager[str]:
        """Give the key of a step that lives while the block runs."""

    def begin(self, tx: Transaction, key: str, step: Step[Any]) -> None:
        """Write an intent down."""


D = TypeVar("D", bound=Desk)
S = TypeVar("S", bound="Step[Any]")


class Step(Generic[D]):
    """The intent of a step of one KIND; subclasses are frozen dataclasses, listed in services/intents.py."""

    KIND: ClassVar[str]
    __pydantic_config__: ClassVar = EXACT

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        """Return a step as it was written down; ValueError when it was not written by this release or before."""
        from pydantic import TypeAdapter  # takes time, and hardly any start finds a step under way

        return TypeAdapter(cls).validate_json(json.dumps(payload), strict=True)

    def written(self) -> dict[str, Any]:
        """Return what is written down of it."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]  # every step is a dataclass

    # What others ask of a step under way.

    def freezes(self) -> Iterable[str]:
        """Give the records that stand still until it is over."""
        return ()

    def publishes(self) -> Iterable[str]:
        """Give the objects it makes or adds to."""
        return ()

    def keeps(self) -> Iterable[str]:
        """Give the papers it keeps as evidence, by SHA-256."""
        return ()

    def binds(self) -> Iterable[str]:
        """Give the items it binds, by archive number."""
        return ()

    # How it ends.

    def standing(self, desk: D) -> Self | None:
        """Return what of a step broken off can be finished: all of it, a part, or nothing."""
        return None

    def finish(self, run: Run[D]) -> None:
        """Do all that is left to do of what stands, and end the step."""
        run.commit(self)

    def ready(self, desk: D) -> Callable[[Transaction], None]:
        """Return what commits it; what that needs of the archive is read now, while nobody waits for the register."""
        return partial(self.commit, desk)

    def commit(self, desk: D, tx: Transaction) -> None:
        """Let the register know what was made, with its events; what it knows already stays as it is."""
        raise NotImplementedError(f"{self.KIND} commits more than its intent knows: Run.committing")

    def undo(self, desk: D, key: str) -> None:
        """Take back what cannot be finished."""

    def recover(self, desk: D, key: str) -> str:
        """Finish what stands of a step broken off, take back the rest; returns what was done."""
        stands = self.standing(desk)
        if stands is not None:
            stands.finish(Run(desk, key))
        if stands != self:
            self.undo(desk, key)
        return UNDONE if stands is None else FINISHED if stands == self else PARTLY


@dataclass(frozen=True, kw_only=True)
class TidiedStep(Step[D]):
    """A step that, once it is committed, lets go of something before it ends."""

    committed: bool = False

    @abstractmethod
    def tidy(self, desk: D) -> None:
        """Let go of what is in the register now; what is gone already is passed over."""


@dataclass(frozen=True, slots=True)
class Run(Generic[D]):
    """A step on its way: who carries it out, and its key."""

    desk: D
    key: str

    @property
    def folder(self) -> Path:
        """Return the folder for what it makes on the way."""
        return self.desk.archive.work_dir(self.key)

    def begin(self, tx: Transaction, step: S) -> S:
        """Write a step down."""
        self.desk.begin(tx, self.key, step)
        return step

    def amend(self, tx: Transaction, step: S) -> S:
        """Write down how far it has come."""
        tx.intents.amend(self.key, **step.written())
        return step

    def commit(self, step: Step[D]) -> None:
        """Commit what the step made, from its intent, and end it."""
        if isinstance(step, TidiedStep) and step.committed:
            self._tidy(step)
            return
        commit = step.ready(self.desk)
        with self.committing(step) as tx:
            commit(tx)

    @contextmanager
    def committing(self, step: Step[D]) -> Iterator[Transaction]:
        """Give the transaction that commits what the step made; then end it."""
        with self.desk.register.write() as tx:
            yield tx
            if isinstance(step, TidiedStep):
                tx.intents.amend(self.key, committed=True)
            else:
                tx.intents.close(self.key)
        durable.checkpoint(f"{step.KIND}.committed")
        if isinstance(step, TidiedStep):
            self._tidy(step)

    def _tidy(self, step: TidiedStep[D]) -> None:
        step.tidy(self.desk)
        durable.checkpoint(f"{step.KIND}.tidied")
        with self.desk.register.write() as tx:
            tx.intents.close(self.key)


@contextmanager
def running(desk: D) -> Iterator[Run[D]]:
    """Let a step live while the block runs; what it made on the way goes when it comes to its end."""
    with desk.under_way() as key:
        run = Run(desk, key)
        yield run
        durable.remove_tree(run.folder)
