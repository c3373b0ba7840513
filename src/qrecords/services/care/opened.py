"""Remembers what was opened and found sound, by digest: the same bytes need not be opened again, only read again.

A file in `indexes/`, which may be deleted at any time. It says nothing of whether a stored file still has its bytes:
that is summed every time. Another release of this program, or of the libraries that open files, begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from qrecords import __version__
from qrecords.errors import StorageFailure
from qrecords.stores.durable import write_file
from qrecords.stores.journal import Journal

RULES = 3  # of looking into files and comparing pages: a higher number when they find more
_DIGITS = 64  # of a SHA-512: 256 bits


def key_of(digest: str, suffix: str) -> str:
    """Return how a file is remembered: by its bytes, and what its name says they are."""
    return digest[:_DIGITS] + suffix


def known_keys(path: Path) -> set[str]:
    """Return what was found sound by this very release."""
    keys = Journal(path).lines()
    return keys - {_header()} if _header() in keys else set()


def _header() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pypdfium2", "pikepdf", "lxml"))
    return f"rules {RULES}, qrecords {__version__}, {libraries}"


class Opened:
    """The keys known before, and those seen sound in this check."""

    def __init__(self, path: Path, *, afresh: bool = False) -> None:
        self.path = path
        self.known = set() if afresh else known_keys(path)
        self._seen: set[str] = set()
        self._journal = Journal(path)
        if not self.known:
            self._journal.finish()
            self._journal.add(_header())

    def __contains__(self, key: str) -> bool:
        return key in self.known

    def add(self, keys: Iterable[str]) -> None:
        """Note what is sound; it is kept at once, so that a check broken off need not open it again."""
        keys = set(keys)
        self._seen |= keys
        if fresh := keys - self.known:
            self.known |= fresh
            self._journal.add("\n".join(sorted(fresh)))

    def forget_others(self) -> None:
        """Keep only what was seen: what is no longer in the archive leaves no trace here."""
        if self.known != self._seen:
            self._written(self._seen)

    def _written(self, keys: Collection[str]) -> None:
        with suppress(StorageFailure):
            write_file(self.path, "".join(f"{line}\n" for line in (_header(), *sorted(keys))).encode())
