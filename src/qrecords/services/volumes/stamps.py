"""The archive stamp (归档章) on every item's first page: what stands in it (DA/T 22-2015).

Six cells: 全宗号, 年度, 件号, 类别, 保管期限, 页数. All but the item's number and its pages are the same for a class,
so a class has one frame, made of the Word template; the figures are drawn over it when the volume is bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qrecords.model.numbering import ArchiveClass, file_safe, parse_archive_no
from qrecords.model.volume import Placed
from qrecords.render.volume import Stamp


def frames_of(placed: Iterable[Placed]) -> dict[str, dict[str, str]]:
    """Return what stands in the frames these items need, by the name of the frame."""
    classes = {parse_archive_no(p.item.archive_no)[0] for p in placed if p.stamp}
    return {_name(s): _words(s) for s in sorted(classes, key=str)}


def stamp_of(placed: Placed, frames: Path) -> Stamp | None:
    """Return an item's stamp; its frame lies in the folder `frames`."""
    if placed.stamp is None:
        return None
    archived, _ = parse_archive_no(placed.item.archive_no)
    return Stamp(frames / f"{_name(archived)}.pdf", placed.stamp, figures_of(placed.item.archive_no, placed.pages))


def figures_of(archive_no: str, pages: int) -> tuple[str, str]:
    """Return the figures an item's stamp shows."""
    return parse_archive_no(archive_no)[1], str(pages)


def _name(archived: ArchiveClass) -> str:
    return f"stamp-{file_safe(str(archived))}"


def _words(archived: ArchiveClass) -> dict[str, str]:
    return {
        "fonds_no": archived.fonds_no,
        "year": str(archived.year),
        "class_code": f"{archived.class_code}·{archived.form_number}",
        "retention": f"{archived.retention_years}年",
    }
