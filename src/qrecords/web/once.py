"""What happens once: a request sent again by a lost connection, a file that leaves through the browser."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 2000


@dataclass
class Once(Generic[T]):
    """Answers a request's own word again as it was answered first; kept by this process alone."""

    _known: OrderedDict[tuple[str, str], T] = field(default_factory=OrderedDict)
    _guard: Lock = field(default_factory=Lock)

    def answer(self, account: str, word: str, make: Callable[[], T]) -> T:
        """Return what was answered to this word of an account, or make it; what fails may be tried again."""
        if not word:
            return make()
        with self._guard:  # one after the other: these are small steps, seldom taken
            if (known := self._known.get((account, word))) is not None:
                return known
            made = self._known[account, word] = make()
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return made


class Leaving:
    """Files on their way to who asked for them; each leaves once, in this process's life."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()
        self._guard = Lock()

    def keep(self, account: str, name: str, data: bytes) -> str:
        """Keep a file for an account; returns the word it is taken with."""
        word = secrets.token_hex(16)
        with self._guard:
            self._files[account, word] = name, data
            while len(self._files) > 50:
                self._files.popitem(last=False)
        return word

    def take(self, account: str, word: str) -> tuple[str, bytes] | None:
        """Return a file and let it go; None when it is gone, or another's."""
        with self._guard:
            return self._files.pop((account, word), None)
