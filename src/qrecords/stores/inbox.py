"""Scanned pages that wait: for a hand that knows their record, or for the other pages of their print.

A page is three files named by what it shows: the picture, a preview, and what is known of it. The last is written last
and removed first, so that a page is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from qrecords.stores import durable

_ID = re.compile(r"P[0-9A-F]{12}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page that waits: where it came from, why it waits, and its code (subject, print, page) where one was read."""

    page_id: str
    source: str
    number: int
    reason: str
    points: tuple[float, float]
    code: str = ""
    text: str = ""
    wanted: tuple[tuple[str, str, str], ...] = ()  # what was said of its signatures: kind, by whom, of which day


def page_id(jpeg: bytes) -> str:
    """Return the id of a page: the same picture has the same."""
    return "P" + hashlib.sha256(jpeg).hexdigest()[:12].upper()


class Inbox:
    """The pages that wait, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, page: Waiting, jpeg: bytes, preview: bytes) -> None:
        """Keep a page; one that waits already is known better now."""
        durable.make_dirs(self.folder)
        durable.write_file(self.picture(page.page_id), jpeg)
        durable.write_file(self.preview(page.page_id), preview)
        text = json.dumps(asdict(page), ensure_ascii=False, indent=1)
        durable.write_file(self._note(page.page_id), text.encode())

    def all(self) -> list[Waiting]:
        """Return the pages that wait, in the order of their files and pages."""
        found = [self.get(note.stem) for note in self.folder.glob("P*.json")]
        return sorted((w for w in found if w is not None), key=lambda w: (w.source, w.number, w.page_id))

    def get(self, page: str) -> Waiting | None:
        """Return one page, or None when none of this id waits."""
        if not _ID.fullmatch(page):
            return None
        with suppress(OSError, ValueError, TypeError, KeyError):
            known = json.loads(self._note(page).read_text(encoding="utf-8"))
            width, height = known["points"]
            said = tuple((str(kind), str(by), str(on)) for kind, by, on in known.get("wanted", ()))
            return Waiting(**(known | {"points": (float(width), float(height)), "wanted": said}))
        return None

    def remove(self, page: str) -> None:
        """Let a page go; one that is gone is no error."""
        with durable.storage_errors(self.folder):
            for path in (self._note(page), self.preview(page), self.picture(page)):
                path.unlink(missing_ok=True)

    def picture(self, page: str) -> Path:
        """Return where the picture of a page lies."""
        return self.folder / f"{page}.jpg"

    def preview(self, page: str) -> Path:
        """Return where the preview of a page lies."""
        return self.folder / f"{page}.png"

    def _note(self, page: str) -> Path:
        return self.folder / f"{page}.json"
