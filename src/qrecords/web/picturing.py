"""Pages drawn to be looked at: two at a time, the last ones kept, since a page and its picture are asked for apart."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock, Semaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecords.services.finding.pages import PageShown

KEPT = 48  # pictures of some 100 kB
AT_ONCE = 2


class Pictures:
    """Draws pages for all sessions; whoever asks has been given the PDF before."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, tuple[str, ...], int], PageShown] = OrderedDict()
        self._guard, self._room = Lock(), Semaphore(AT_ONCE)

    def page(self, pdf: bytes, words: Sequence[str], number: int) -> PageShown:
        """Return a page with words marked; 0 is the first on which one of them stands."""
        from qrecords.services.finding.pages import page_shown  # takes time, and the server starts without

        digest = hashlib.sha256(pdf).hexdigest()
        key = (digest, tuple(words), number)
        with self._guard:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        with self._room:
            shown = page_shown(pdf, words, number)
        with self._guard:
            self._kept[key] = self._kept[(digest, tuple(words), shown.number)] = shown
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return shown
