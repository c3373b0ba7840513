"""Scanned pages that wait: for a hand that knows their record, or for the other pages of their print.

A page is three blobs named by what it shows: the picture, a preview, and what is known of it. The last is written last
and removed first, so that a page is there whole or not at all. A fourth comes later: the text read off the picture.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from qrecords.errors import NotFound, QRecordsError
from qrecords.model.papers import Waiting
from qrecords.ports import Blobs

_ID = re.compile(r"P[0-9A-F]{12}")


def page_id(jpeg: bytes) -> str:
    """Return the id of a page: the same picture has the same."""
    return "P" + hashlib.sha256(jpeg).hexdigest()[:12].upper()


class InboxBlobs:
    """The pages that wait; `called` is what people are told of where they lie."""

    def __init__(self, blobs: Blobs, called: str) -> None:
        self._blobs = blobs
        self.called = called

    def put(self, page: Waiting, jpeg: bytes, preview: bytes) -> None:
        """Keep a page; one that waits already is known better now."""
        note, _, preview_name, picture = names_of(page.page_id)
        self._blobs.replace(picture, jpeg)
        self._blobs.replace(preview_name, preview)
        self._blobs.replace(note, json.dumps(asdict(page), ensure_ascii=False, indent=1).encode())

    def all(self) -> list[Waiting]:
        """Return the pages that wait, in the order of their files and pages."""
        found = [self.get(name.removesuffix(".json")) for name in self._blobs.names() if name.endswith(".json")]
        return sorted((w for w in found if w is not None), key=lambda w: (w.source, w.number, w.page_id))

    def get(self, page: str) -> Waiting | None:
        """Return one page, or None when none of this id waits."""
        if not _ID.fullmatch(page):
            return None
        with suppress(QRecordsError, ValueError, TypeError, KeyError):
            known = json.loads(self._blobs.get(names_of(page)[0]))
            width, height = known["points"]
            said = tuple((str(kind), str(by), str(on)) for kind, by, on in known.get("wanted", ()))
            return Waiting(**(known | {"points": (float(width), float(height)), "wanted": said}))
        return None

    def remove(self, *pages: str) -> None:
        """Let pages go; one that is gone is no error."""
        self._blobs.delete(*(name for page in pages for name in names_of(page)))

    def picture(self, page: str) -> Callable[[], bytes]:
        """Return what gives the picture of a page, when it is needed."""
        return lambda: self._blobs.get(names_of(page)[3])

    def texts(self) -> dict[str, str]:
        """Return the texts read off the pictures, by page; "" where none was found, none for one not read yet."""
        found = {}
        for name in self._blobs.names():
            if name.endswith(".txt") and _ID.fullmatch(page := name.removesuffix(".txt")):
                with suppress(NotFound):  # it went meanwhile
                    found[page] = self._blobs.get(name).decode()
        return found

    def keep_text(self, page: str, text: str) -> None:
        """Write down the text read off a page, unless it waits no more."""
        name = names_of(page)[1]
        self._blobs.replace(name, text.encode())
        if self.get(page) is None:  # it went while it was read: nothing of it stays
            self._blobs.delete(name)


def names_of(page: str) -> tuple[str, str, str, str]:
    """Return what a page's note, text, preview and picture are called, in the order in which they go."""
    return f"{page}.json", f"{page}.txt", f"{page}.png", f"{page}.jpg"
