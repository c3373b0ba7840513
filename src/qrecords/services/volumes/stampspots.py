"""Look where the first pages of a year's items have room for the archive stamp (DA/T 22-2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qrecords.model.volume import Placed, Spot, Volume
from qrecords.office import Office
from qrecords.render.freespace import free_spot
from qrecords.render.pictures import to_bind
from qrecords.services.volumes.workers import in_processes


def with_spots(office: Office, volumes: Sequence[Volume]) -> list[Volume]:
    """Return volumes whose items know where their first page has room for the stamp, if it has; or as they are."""
    if not office.settings.volumes.stamp:
        return list(volumes)
    pages = [_first_page(office, placed) for volume in volumes for placed in volume.placed]
    spots = in_processes(_spot, pages, office.settings.pdf.workers, pages=len(pages), at_once=20)
    return [Volume(tuple(replace(placed, stamp=next(spots)) for placed in volume.placed)) for volume in volumes]


def _first_page(office: Office, placed: Placed) -> tuple[Path, int]:
    item = placed.item
    return office.archive.path(item.object_id, placed.files[0].name, item.version), placed.first_written


def _spot(page: tuple[Path, int]) -> Spot | None:
    path, number = page
    return free_spot(to_bind(path), number)
