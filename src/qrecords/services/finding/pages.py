"""The page of a paper on which what was looked for stands, as a picture with the words marked.

The PDF is opened by a child process within limits: past paper comes from elsewhere, and pdfium serves one thread alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from qrecords.errors import StorageFailure
from qrecords.model.query import parse_query
from qrecords.scanning.child import Silent, answers
from qrecords.services.finding.search import described

if TYPE_CHECKING:
    from qrecords.office import Office

CHILD = "qrecords.services.finding.pagechild"
SECONDS = 30.0  # it may say nothing for so long


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
            for answer in answers(CHILD, {"folder": name, "words": [*words], "page": number}, silence=SECONDS):
                told = answer
        if not told:
            raise StorageFailure("这份文件的页面画不出来", remedy="请直接打开 PDF 查看")
        found = {int(page): count for page, count in told["found"].items()}
        return PageShown(
            told["page"], told["pages"], found, told["absent"], (folder / "page.png").read_bytes(), told["at"]
        )
