"""Files that leave through the browser once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock


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
