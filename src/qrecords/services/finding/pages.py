"""The page of a paper on which what was looked for stands, as a picture with the words marked.

The PDF is opened by a child process within limits: past paper comes from elsewhere, and pdfium serves one thread alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from qrecords.errors import StorageFailure
from qrecords.model.query import parse_query
from qrecords.scanning.child import Silent, answers
from qrecords.scanning.limits import limit
from qrecords.services.finding.search import described

if TYPE_CHECKING:
    from qrecords.office import Office

MEMORY = 2 << 30
SECONDS = 30
MOST_PAGES = 300  # looked through for words; a year's past paper is shorter


@dataclass(frozen=True, slots=True)
class PageShown:
    """A page as a picture (PNG); `found`: how often the words stand on which pages, `absent`: which stand on none."""

    number: int
    pages: int
    found: Mapping[int, int]
    absent: Sequence[str]
    picture: bytes
    at: float = 0.0  # how far down the page the first mark stands, 0 to 1


def words_looked_for(office: Office, text: str) -> list[str]:
    """Return the words of a query in their normal form; InvalidInput when it cannot be read."""
    if not text.strip():
        return []
    query = parse_query(text, office.outlines.labels(), office.outlines.titles())
    return list(dict.fromkeys(word.text for word in query.words))


def where_found(office: Office, record_no: str, text: str) -> str:
    """Return the snippet of a record for a query: where the words stand that are on no page."""
    query = parse_query(text, office.outlines.labels(), office.outlines.titles())
    return next((hit.snippet for hit in described(office, [record_no], query)), "")


def page_shown(pdf: bytes, words: Sequence[str], number: int = 0) -> PageShown:
    """Return a page of a PDF with words marked; 0 is the first page on which one of them stands, else the first."""
    with TemporaryDirectory(prefix="qrecords-page-") as name:
        folder = Path(name)
        (folder / "paper.pdf").write_bytes(pdf)
        told: dict[str, Any] = {}
        with suppress(Silent):
            for answer in answers(__name__, {"folder": name, "words": [*words], "page": number}, silence=SECONDS):
                told = answer
        if not told:
            raise StorageFailure("这份文件的页面画不出来", remedy="请直接打开 PDF 查看")
        found = {int(page): count for page, count in told["found"].items()}
        return PageShown(
            told["page"], told["pages"], found, told["absent"], (folder / "page.png").read_bytes(), told["at"]
        )


def main(request: dict[str, Any]) -> None:
    """Look for the words and draw the page."""
    limit(MEMORY, SECONDS)
    from qrecords.foreign.drawing import drawable
    from qrecords.render.wordmarks import marks_on, picture

    folder, words = Path(request["folder"]), request["words"]
    with drawable(folder / "paper.pdf") as document:
        looked_at = range(min(len(document), MOST_PAGES)) if words else range(0)
        marks = {n + 1: found for n in looked_at if (found := marks_on(document[n], words))}
        number = request["page"] or next(iter(marks), 1)
        number = min(max(number, 1), len(document))
        (folder / "page.png").write_bytes(picture(document[number - 1], marks.get(number, [])))
        there = {mark.word for found in marks.values() for mark in found}
        counts = {page: len(found) for page, found in marks.items()}
        absent = [word for word in words if word not in there]
        height = document[number - 1].get_size()[1]
        tops = [box[3] for mark in marks.get(number, []) for box in mark.boxes]
        told = {
            "page": number, "pages": len(document), "found": counts, "absent": absent,
            "at": round(1 - max(tops) / height, 3) if tops else 0,
        }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
