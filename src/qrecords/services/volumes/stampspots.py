"""Where first pages have room for the archive stamp (DA/T 22-2015): as they note it, else by a look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qrecords.model.objects import paper_of
from qrecords.model.volume import Placed, Spot, Volume
from qrecords.office import Office
from qrecords.ports import Objects
from qrecords.render.freespace import free_spot
from qrecords.render.pictures import to_bind
from qrecords.render.room import noted_room
from qrecords.services.volumes.workers import in_processes

Held = tuple[str, str, int]  # object, name, version


def with_spots(office: Office, volumes: Sequence[Volume]) -> list[Volume]:
    """Return volumes whose items know where their first page has room for the stamp, if it has; or as they are."""
    if not office.settings.volumes.stamp:
        return list(volumes)
    pages = [_first_page(office, placed) for volume in volumes for placed in volume.placed]
    # Reading a note takes less than handing a page to a process; looking is what the processes are for.
    noted = [_noted(office, held) if own and number == 0 else (False, None) for held, number, own in pages]
    unknown = [
        (office.archive, held, number)
        for (held, number, _), (is_noted, _) in zip(pages, noted, strict=True)
        if not is_noted
    ]
    looked = in_processes(_look, unknown, office.settings.pdf.workers, pages=len(unknown), at_once=20)
    spots = iter([spot if is_noted else next(looked) for is_noted, spot in noted])
    return [Volume(tuple(replace(placed, stamp=next(spots)) for placed in volume.placed)) for volume in volumes]


def _noted(office: Office, held: Held) -> tuple[bool, Spot | None]:
    with office.archive.lent(*held) as path:
        return noted_room(path)


def _first_page(office: Office, placed: Placed) -> tuple[Held, int, bool]:
    """Return file and page, and whether this program made it: a note in a foreign file is nobody's word."""
    item, name = placed.item, placed.files[0].name
    paper = paper_of(item.object_id)
    word = paper.replace(".pdf", ".docx")
    own = name == paper and word in office.archive.names(item.object_id, item.version)
    return (item.object_id, name, item.version), placed.first_written, own


def _look(page: tuple[Objects, Held, int]) -> Spot | None:
    archive, held, number = page
    with archive.lent(*held) as path:
        return free_spot(to_bind(path), number)
