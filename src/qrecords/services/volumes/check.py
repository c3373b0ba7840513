"""Check bound volumes page by page: what is in them is what was frozen, numbered and listed as the manifest says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from qrecords.errors import Problem, QRecordsError
from qrecords.model.audit import digest
from qrecords.model.formats import Manifest
from qrecords.office import Office
from qrecords.render.volumecheck import Expected, Kept, Listed, compared
from qrecords.services.volumes.binding import VOLUME_PDF
from qrecords.services.volumes.shelf import sealed
from qrecords.services.volumes.stamps import figures_of
from qrecords.stores.register.rows import VolumeRow

Progress = Callable[[int, int], None]


def verify_volumes(
    office: Office, volume_codes: Sequence[str] = (), *, progress: Progress | None = None
) -> tuple[int, list[Problem]]:
    """Check these sealed volumes, or all; return how many, and every problem."""
    rows = sealed(office, volume_codes)
    problems: list[Problem] = []
    for done, row in enumerate(rows, start=1):
        problems += volume_problems(office, row)
        if progress:
            progress(done, len(rows))
    return len(rows), problems


def volume_problems(office: Office, row: VolumeRow) -> list[Problem]:
    """Return what is wrong with one volume: its bytes, its manifest against the register, pages, numbers, contents."""
    code = row.volume_code
    try:
        if office.archive.sha256(row.object_id, VOLUME_PDF, row.version) != row.sha256:
            return [Problem("volume.pdf 与成册时登记的不同；请从备份恢复", source=code)]
        checking = checking_of(office, row)
        with office.archive.lent(*checking.volume) as path:
            told = [*checking.problems, *compared(path, _lent(office, checking.items), checking.listed)]
    except (QRecordsError, KeyError, TypeError, ValueError) as error:
        told = [unreadable(str(error))]
    return [Problem(message, source=code) for message in told]


def _lent(office: Office, items: Sequence[Kept]) -> Iterator[Expected]:
    """Lend each bound file while it is compared."""
    for kept in items:
        with office.archive.lent(*kept.held) as path:
            yield kept.at(path)


def unreadable(why: str) -> str:
    """Return what is told of a volume that cannot be read."""
    return f"读不出这一册：{why}；请从备份恢复"


@dataclass(frozen=True, slots=True)
class Checking:
    """What there is to compare in a volume, and what is wrong with its manifest already.

    `key` stands for all the bytes that are compared and all that is asked of them: the same key, the same result.
    """

    problems: tuple[str, ...]
    volume: tuple[str, str, int]  # object, name, version
    items: tuple[Kept, ...]
    listed: Listed
    sources: frozenset[str]  # object ids
    key: str


def checking_of(office: Office, row: VolumeRow) -> Checking:
    """Return how one volume is to be checked, by its manifest."""
    object_id, version = row.object_id, row.version
    manifest = office.archive.read_as(Manifest, object_id, version)
    with office.register.read() as tx:
        lines = tx.items.in_volume(row.volume_code)
    keys = ("archive_no", "version", "position", "page_from", "page_to")
    fits = [[getattr(line, k) for k in keys] for line in lines] == [
        [getattr(item, k) for k in keys] for item in manifest.items
    ]
    items, listed = tuple(_expected(manifest)), _listed(manifest)
    asked = [
        office.archive.require(object_id, VOLUME_PDF, version),
        [
            [office.archive.require(*k.held), k.first, k.numbers, k.stamped, PurePath(k.held[1]).suffix.lower()]
            for k in items
        ],
        listed.as_json(),
    ]
    return Checking(
        problems=() if fits else ("卷内各件与登记库不符；请核对备份",),
        volume=(object_id, VOLUME_PDF, version),
        items=items,
        listed=listed,
        sources=frozenset({object_id, *(item.object for item in manifest.items)}),
        key=f"{digest(asked)} pages",
    )


def _expected(manifest: Manifest) -> Iterator[Kept]:
    """Give every bound file with its place in the volume and the numbers its pages should have."""
    number, firsts = 0, iter(manifest.pdf_pages)
    for item in manifest.items:
        pages = item.page_to - item.page_from + 1
        stamped = figures_of(item.archive_no, pages) if item.stamp else ()
        for file in item.files:
            numbers = []
            for page in range(file.pages):
                number += page not in file.blank
                numbers.append(0 if page in file.blank else number)
            held, title = (item.object, file.name, item.version), f"{item.position} {item.document_no}"
            yield Kept(held, title, next(firsts), tuple(numbers), stamped)
            stamped = ()


def _listed(manifest: Manifest) -> Listed:
    """Return what the printed list of contents should show."""
    (around,) = (a for a in manifest.around if a.title == "卷内目录")
    lines = tuple(
        (
            item.position,
            item.document_no,
            f"{item.date.replace('-', '')}{item.page_from}{item.page_to - item.page_from + 1}",
        )
        for item in manifest.items
    )
    return Listed(around.page, around.pages, lines)
