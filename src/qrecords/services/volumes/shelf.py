"""Look at bound volumes: which there are, what is in them, in which volume and on which page a record stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qrecords.advice import Do, advise
from qrecords.errors import NotFound, NotPermitted, WrongState
from qrecords.model.formats import Manifest
from qrecords.model.record import Action, State
from qrecords.office import Office
from qrecords.render.volumecheck import page_of
from qrecords.services import reading
from qrecords.stores.register import Transaction

Row = dict[str, Any]


def list_volumes(office: Office, year: int | None = None) -> list[Row]:
    """Return the sealed volumes, of one year or all; the destroyed ones stay, with the list they went on."""
    office.authorise(Action.READ, "volumes")
    with office.register.read() as tx:
        found = readable_volumes(office, tx, tx.items.volumes(year), destroyed=True)
        gone = {row["code"]: row["list_no"] for row in tx.retention.destroyed([v["volume_code"] for v in found])}
    return [_shown(office, v) | {"destroyed": gone.get(v["volume_code"], "")} for v in found]


def readable_volumes(office: Office, tx: Transaction, rows: Sequence[Row], *, destroyed: bool = False) -> list[Row]:
    """Return the sealed ones of these volumes in which every item may be read: who opens one reads all of it.

    Of the destroyed ones, when they are asked for too, only number, title and dates are left.
    """
    bound = [row for row in rows if row["version"] > 0 or (destroyed and row["version"] < 0)]
    if office.readable() is None:
        return bound
    items = {row["volume_code"]: [i["archive_no"] for i in tx.items.in_volume(row["volume_code"])] for row in bound}
    may = reading.whole(office, tx, [no for numbers in items.values() for no in numbers])
    return [row for row in bound if may.issuperset(items[row["volume_code"]])]


def show_volume(office: Office, volume_code: str) -> Row:
    """Return one volume with its contents."""
    (row,) = sealed(office, [volume_code])
    office.note([office.event(Action.READ, row["volume_code"])])
    with office.register.read() as tx:
        lines = tx.items.in_volume(row["volume_code"])
    keys = ("position", "archive_no", "version", "document_no", "title", "page_from", "page_to")
    return _shown(office, row) | {"contents": [{k: line[k] for k in keys} for line in lines]}


def sealed(office: Office, volume_codes: Sequence[str]) -> list[Row]:
    """Return the register's rows of these sealed volumes; none named: all. NotFound names the first unknown code."""
    office.authorise(Action.READ, "volumes")
    with office.register.read() as tx:
        found = {v["volume_code"]: v for v in readable_volumes(office, tx, tx.items.volumes())}
    wanted = [code.strip() for code in volume_codes] or list(found)
    if unknown := [code for code in wanted if code not in found]:
        raise NotFound(f"没有「{unknown[0]}」这一册", remedy=advise("用 {} 查看已成的册", Do.LIST_VOLUMES))
    return [found[code] for code in wanted]


def find_records(office: Office, record_nos: Sequence[str]) -> list[Row]:
    """Return where records are bound: volume, place and page; a record bound again later stands in both volumes."""
    places: list[Row] = []
    for record in reading.many(office, record_nos):
        if record.state is State.DESTROYED:
            raise WrongState(
                f"{record.record_no} 已经销毁", remedy=advise("用 {} 查看清册和证明", Do.LIST_DISPOSITIONS)
            )
        with office.register.read() as tx:
            lines = tx.items.places(record.archive_no) if record.archive_no else []
            may = {v["volume_code"] for v in readable_volumes(office, tx, [{**line, "version": 1} for line in lines])}
        lines = [line for line in lines if line["volume_code"] in may]
        if not lines and record.state is State.BOUND:
            # Its volume holds what the account may not read: not a word of what, and no false word either.
            raise NotPermitted(f"{record.record_no} 已成册，您不能查阅所在的整册", remedy="请找归档人查看")
        if not lines:
            raise WrongState(f"{record.record_no} 还没有成册", remedy=advise("归档后用 {} 成册", Do.COMPILE("年度")))
        places += [_place(office, record.record_no, line) for line in lines]
    return places


def _place(office: Office, record_no: str, line: Row) -> Row:
    """Return one place of a record; a row of a register is looked for on the pages of its month."""
    object_id, version = line["object_id"], line["volume_version"]
    pdf, page = office.archive.path(object_id, "volume.pdf", version), line["page_from"]
    if line["page_to"] > page:
        manifest = office.archive.read_as(Manifest, object_id, version)
        files = [len(item.files) for item in manifest.items]
        first = manifest.pdf_pages[sum(files[: line["position"] - 1])]
        page += page_of(pdf, record_no, first - 1, line["page_to"] - page + 1)
    keys = ("volume_code", "title", "position", "archive_no", "version", "page_from", "page_to")
    return {"record_no": record_no} | {k: line[k] for k in keys} | {"page": page, "pdf": str(pdf)}


def _shown(office: Office, row: Row) -> Row:
    keys = ("volume_code", "title", "form_code", "year", "supplement", "items", "pages", "secrecy_level", "compiled_at")
    pdf = str(office.archive.path(row["object_id"], "volume.pdf")) if row["version"] > 0 else ""
    return {k: row[k] for k in keys} | {"pdf": pdf}
