"""Files that leave through the browser once, and pictures that are looked at beside a page."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

MOST_PICTURES = 60  # of some 100 kB


class Leaving:
    """Files on their way to who asked for them; each leaves once, in the life of the process that keeps them."""

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


class Showing:
    """Pictures a page was answered with, for who asked for it: looked at as often as he likes, the oldest let go."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._guard = Lock()

    def keep(self, account: str, picture: bytes) -> str:
        """Keep a picture for an account; returns the word it is asked for with."""
        word = secrets.token_hex(16)
        with self._guard:
            self._pictures[account, word] = picture
            while len(self._pictures) > MOST_PICTURES:
                self._pictures.popitem(last=False)
        return word

    def look(self, account: str, word: str) -> bytes | None:
        """Return a picture; None when it is gone, or another's."""
        with self._guard:
            return self._pictures.get((account, word))
