"""What the office needs of the world, as protocols; `stores/` serves them, `desk/workspace.py` alone chooses who does.

One office on one machine has a folder and SQLite behind them. What else may stand there is held to the same contract
tests (tests/stores/test_blobs.py), so that no service notices (docs/adr/0017-ports.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from re import Pattern
from typing import Protocol

from qrecords.model.papers import Waiting

Content = bytes | Path  # bytes at hand, or a file they are copied from


class Clock(Protocol):
    """Tells the moment, with its offset."""

    def __call__(self) -> datetime:
        """Return the moment."""
        ...


class Blobs(Protocol):
    """Bytes by name, kept for good: after `put` or `replace` has returned they are there, whatever breaks.

    A name is relative, its parts divided by `/`. Bytes are there whole or not at all, at any moment. StorageFailure
    when the place refuses; NotFound for a name that is not there; IntegrityFailure where something else stands.
    """

    def put(self, name: str, data: Content) -> bool:
        """Keep bytes unless the name is taken; tells whether they were kept. Of many who try at once one does."""
        ...

    def replace(self, name: str, data: Content) -> None:
        """Keep bytes in the place of what was there."""
        ...

    def get(self, name: str) -> bytes:
        """Return the bytes of a name."""
        ...

    def has(self, name: str) -> bool:
        """Tell whether a name is there."""
        ...

    def names(self, prefix: str = "") -> Iterator[str]:
        """Give the names below a prefix (`a/b/`, or "" for all), sorted."""
        ...

    def delete(self, *names: str) -> None:
        """Let go of names, in their order; one that is not there is no error."""
        ...

    def lent(self, name: str) -> AbstractContextManager[Path]:
        """Lend a real file with the bytes of a name, for programs that need one: to be read, within the block alone."""
        ...


class Evidence(Protocol):
    """Papers that wait to be filed with their record, by SHA-256 and kind (`SHA256.pdf`), and texts read off them."""

    def keep(self, stored: str, data: bytes) -> None:
        """Keep a paper; the same one again changes nothing. ValueError when its bytes are not those of its name."""
        ...

    def has(self, stored: str) -> bool:
        """Tell whether a paper is here."""
        ...

    def fault(self, stored: str) -> str:
        """Return what is wrong with a paper, as the end of a sentence: gone, changed, a link. "" when it is sound."""
        ...

    def lent(self, names: Sequence[str]) -> AbstractContextManager[Mapping[str, Path]]:
        """Lend real files of papers and texts, by the names they are stored under. NotFound for one that is lost."""
        ...

    def drop(self, *names: str) -> None:
        """Let go of papers; one that is gone is no error."""
        ...

    def text(self, sha256: str) -> str | None:
        """Return the text read off a paper; None when none was written down."""
        ...

    def keep_text(self, sha256: str, text: str) -> None:
        """Write down the text read off a paper."""
        ...

    def place(self, stored: str) -> str:
        """Return what a paper is called in the whole workspace."""
        ...

    def stored_at(self, place: str) -> str | None:
        """Return what a place of the workspace is stored as among these papers; None when it is none of them."""
        ...


class Inbox(Protocol):
    """Scanned pages that wait for their record, or for the rest of their print, by the id of what they show."""

    @property
    def called(self) -> str:
        """Return what people are told of where they lie."""
        ...

    def put(self, page: Waiting, jpeg: bytes, preview: bytes) -> None:
        """Keep a page; one that waits already is known better now."""
        ...

    def all(self) -> list[Waiting]:
        """Return the pages that wait, in the order of their files and pages."""
        ...

    def get(self, page: str) -> Waiting | None:
        """Return one page, or None when none of this id waits."""
        ...

    def remove(self, *pages: str) -> None:
        """Let pages go; one that is gone is no error."""
        ...

    def picture(self, page: str) -> Callable[[], bytes]:
        """Return what gives the picture of a page, when it is needed."""
        ...


class Answers(Protocol):
    """What was typed and is no record yet, as input files, so that it is never lost."""

    def keep(self, name: str, data: bytes) -> Path:
        """Keep answers; returns the file, from which they can be filled in."""
        ...

    def drop(self, name: str) -> None:
        """Let go of answers that have become a record."""
        ...


class Papers(Protocol):
    """All paper of a workspace that is in no object."""

    @property
    def evidence(self) -> Evidence:
        """Return the papers that wait to be filed."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Return the scanned pages that wait."""
        ...

    @property
    def answers(self) -> Answers:
        """Return what was typed and is no record yet."""
        ...

    @property
    def drafts(self) -> Path:
        """Return the folder prints go into when no other is named; people take them from there."""
        ...

    def waiting(self) -> list[str]:
        """Return the places of all that must not be lost: evidence and waiting pages."""
        ...

    def lent(self, place: str) -> AbstractContextManager[Path]:
        """Lend a real file of the paper at a place. NotFound when there is none."""
        ...

    def printed(self, names: Sequence[str]) -> Path | None:
        """Return the first of these prints that was made here; they can be made again any time."""
        ...

    def called(self, pattern: Pattern[str]) -> list[str]:
        """Return the places of all paper, of whatever kind, whose file name matches."""
        ...

    def is_there(self, place: str) -> bool:
        """Tell whether there is paper at a place."""
        ...

    def remove(self, place: str) -> None:
        """Remove the paper at a place, for good."""
        ...

    def sweep(self) -> None:
        """Remove what killed writes of paper left."""
        ...

    def sweep_all(self) -> None:
        """Remove what killed writes left anywhere: it may hold what is destroyed."""
        ...
