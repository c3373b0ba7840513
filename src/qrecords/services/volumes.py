"""Look at bound volumes: which there are, what is in them and on which page."""

from __future__ import annotations

from typing import Any

from qrecords.errors import NotFound
from qrecords.model.record import Action
from qrecords.office import Office


def list_volumes(office: Office, year: int | None = None) -> list[dict[str, Any]]:
    """Return the sealed volumes, of one year or all."""
    office.authorise(Action.READ, "volumes")
    with office.register.read() as tx:
        return [_shown(office, v) for v in tx.items.volumes(year) if v["version"] > 0]


def show_volume(office: Office, volume_code: str) -> dict[str, Any]:
    """Return one volume with its contents."""
    found = [v for v in list_volumes(office) if v["volume_code"] == volume_code.strip()]
    if not found:
        raise NotFound(f"没有「{volume_code}」这一册", remedy="用 qrecords volume list 查看已成的册")
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.READ, found[0]["volume_code"])])
        lines = tx.items.in_volume(found[0]["volume_code"])
    keys = ("position", "archive_no", "version", "document_no", "title", "page_from", "page_to")
    return found[0] | {"contents": [{k: line[k] for k in keys} for line in lines]}


def _shown(office: Office, row: dict[str, Any]) -> dict[str, Any]:
    keys = ("volume_code", "title", "form_code", "year", "items", "pages", "secrecy_level", "compiled_at")
    return {k: row[k] for k in keys} | {"pdf": str(office.archive.path(row["object_id"], "volume.pdf"))}
