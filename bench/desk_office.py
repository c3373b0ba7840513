"""The office the desk is measured in: years of filed and bound records, and what is on its way just now."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.search_corpus import FIELDS, documents
from qrecords.model.access import Account, Grant
from qrecords.model.form import Form
from qrecords.model.numbering import record_no
from qrecords.model.record import Record, State
from qrecords.model.volume import Item, Placed
from qrecords.office import Office
from qrecords.services.administer import init
from qrecords.services.checking import derived
from qrecords.services.finding.indexing import follow
from qrecords.stores import durable
from qrecords.stores.fulltext.interface import Document
from qrecords.stores.register import tables
from qrecords.stores.register.rows import VolumeRow

ACCOUNTS, OPEN, KEPT = 20, 150, 200  # who asks; records on their way; filed records whose object is there to be shown
BATCH, IN_VOLUME = 5000, 100
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
_FILED = {"month": "", "filed_at": CREATED.isoformat(), "filed_by": "bench"}
# What is on its way, of each ten: reports in three states, notices with people out or back, faxes without a result.
_MIX = ("06A", "06A", "04A", "03A", "06A", "07A", "04A", "03A", "06A", "09A")
_STATES = (State.DRAFT, State.SUBMITTED, State.REVIEWED)


@dataclass(frozen=True, slots=True)
class Laid:
    """What an office was made of: the texts, and the numbers of records with a page to show."""

    corpus: list[Document]
    shown: list[str]


def lay(root: Path, count: int) -> Laid:
    """Make an office of that many records, all but a few of them filed in ten years; an office left there is taken."""
    corpus = list(documents(count))
    with closing(init(root)) as office:
        made = [*_open_records(office), *_filed(office, corpus[OPEN:])]
        with office.register.read() as tx:
            there = bool(tx.records.counts())
        if not there:
            _enter(office, made)
    filed = [r.record_no for r, item, _ in made if item]
    return Laid(corpus, [*(r.record_no for r, item, _ in made if not item), *filed[:: max(1, len(filed) // KEPT)]])


Entry = tuple[Record, Item | None, str]


def _enter(office: Office, made: Sequence[Entry]) -> None:
    volumes: dict[str, list[Item]] = {}
    for start in range(0, len(made), BATCH):
        part = made[start : start + BATCH]
        with office.register.write() as tx:
            tx.records.add([(record, None) for record, _, _ in part])
            tx.records.touch([record.record_no for record, _, _ in part])
            filed = [(record, item) for record, item, _ in part if item]
            rows = [asdict(item) | {"form_code": r.form_code, "record_year": r.year, **_FILED} for r, item in filed]
            # One row after the other, as filing does it, would take minutes.
            tx._connection.execute(tables.item.insert(), rows)
            tx.seals.touch("item", *(item.archive_no for _, item in filed))
            tx.audit.append([office.event("file", record.record_no) for record, _, _ in part[::10]])
    for _, item, volume in made:
        if item and volume:
            volumes.setdefault(volume, []).append(item)
    codes = [*volumes]
    for start in range(0, len(codes), IN_VOLUME):
        with office.register.write() as tx:
            for code in codes[start : start + IN_VOLUME]:
                items = volumes[code]
                tx.items.reserve_volume(_volume(code, items))
                tx.items.bound(code, [Placed(item, n, n, n) for n, item in enumerate(items, 1)], version=1)
            tx.audit.append([office.event("bind", code) for code in codes[start : start + IN_VOLUME]])
    _freeze_some(office, [item for _, item, _ in made if item])
    for n in range(ACCOUNTS):
        account = Account(f"clerk{n}", f"示例员工{n}", None, clearance=3, grants=(Grant("desk"),))
        with office.register.write() as tx:
            tx.accounts.add(account, office.now())
            tx.audit.append([office.event("accounts", f"account/{account.name}")])
    follow(office)


def _freeze_some(office: Office, items: Sequence[Item]) -> None:
    """Lay objects for the records whose page will be asked; nobody waits for the disk."""
    durable._flush, flush = lambda _handle: None, durable._flush
    try:
        with office.under_way() as intent:
            for item in items[:: max(1, len(items) // KEPT)]:
                files: dict[str, bytes | Path] = {"form.pdf": b"%PDF-1.7", "form.docx": b"PK", "record.json": b"{}"}
                staged = office.archive.stage(
                    item.object_id, files, message="归档", user="bench", created=CREATED, intent=intent
                )
                office.archive.publish(staged)
            shutil.rmtree(office.archive.work_dir(intent), ignore_errors=True)
    finally:
        durable._flush = flush


def _volume(code: str, items: Sequence[Item]) -> VolumeRow:
    year, number = code.split("·")[-2], int(code.rpartition("-")[2])
    return VolumeRow(
        volume_code=code, form_code="QR758-06A", year=int(year), number=number, title=f"{year}年返修报告",
        supplement=False, items=len(items), pages=len(items), secrecy_level="", version=0,
        object_id=f"urn:qrecords:volume:{code}", sha256="", compiled_at=CREATED.isoformat(), compiled_by="bench",
    )  # fmt: skip


def _filed(office: Office, corpus: Sequence[Document]) -> Iterator[Entry]:
    """Give filed repair reports: those of past years bound, but for some of last year's, this year's waiting."""
    this = date.fromisoformat(office.today()).year
    form = office.forms.get("06A").form
    sample = office.forms.get("06A").sample()
    for n, one in enumerate(corpus, OPEN + 1):
        texts = dict(one.texts)
        values = {**sample, **{k: texts[k] for k in (*FIELDS, "product_name", "product_model", "serial_no")}}
        values |= {"customer_unit": one.customer_unit, "notice_no": None, form.date_field: one.date}
        series = f"750-KJ·KF·06·{one.year}·D5"
        volume = f"{series}-{n // (IN_VOLUME * 10):03}" if one.year < this - 1 or (one.year < this and n % 2) else ""
        archive_no = f"{series}-{n:06}"
        record = Record(
            record_no=record_no(form.code, one.year, n), form_code=form.code, year=one.year, values=values,
            state=State.BOUND if volume else State.FILED, title=one.title, date=one.date,
            customer_unit=one.customer_unit, created_at=CREATED.isoformat(), created_by="bench",
            archive_no=archive_no, record_year=one.year, volume_code=volume,
        )  # fmt: skip
        item = Item(
            archive_no, record.record_no, one.title, "示例员工1", one.date, one.date, 1, "",
            f"urn:qrecords:item:{archive_no}", 1, "",
        )  # fmt: skip
        yield record, item, volume


def _open_records(office: Office) -> Iterator[Entry]:
    """Give what is on its way: most of it these last weeks, each form as its sample, some without their last stage."""
    today = date.fromisoformat(office.today())
    for n in range(OPEN):
        folder = office.forms.get(_MIX[n % len(_MIX)])
        form, day = folder.form, (today - timedelta(days=n % 40)).isoformat()
        values = _moved(form, folder.sample(), day)
        state = _STATES[n % 3]
        if n % 3 == 0:
            last = {f.key for f in form.fields if f.stage == form.stages[-1].key}
            values = {k: v for k, v in values.items() if k not in last or k == form.date_field}
        if "staff" in values and n % 2:
            state, values = State.ISSUED, values | {"returned_on": (today - timedelta(days=n % 9)).isoformat()}
        row = Record(
            record_no=record_no(form.code, today.year, 500_000 + n), form_code=form.code, year=today.year, state=state,
            values=values, title="", date="", customer_unit="", created_at=CREATED.isoformat(), created_by="clerk1",
        )  # fmt: skip
        yield replace(row, **(derived(form, values) | {"notice_no": values.get("notice_no") or ""})), None, ""


def _moved(form: Form, values: dict[str, Any], day: str) -> dict[str, Any]:
    """Return a sample as if it were of another day, for another of forty customers, with no notice above it."""
    changed = {form.date_field: day + str(values[form.date_field])[10:], "customer_unit": f"示例单位{day[-2:]}"}
    return json.loads(json.dumps({**values, **changed} | ({"notice_no": None} if "notice_no" in values else {})))
