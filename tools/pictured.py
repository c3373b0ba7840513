"""Offices the pictures of the desk are taken of: a demo with something on every screen, and the same years later."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from PIL import Image, ImageDraw

from qrecords.desk.workspace import system_now
from qrecords.errors import QRecordsError
from qrecords.model.access import Account
from qrecords.model.lists import CUSTOMERS, PRODUCTS
from qrecords.office import Office
from qrecords.services import jobs
from qrecords.services.access import copies
from qrecords.services.administer import open_office
from qrecords.services.care.backup import backup
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.hold import hold
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.finding.find import list_records
from qrecords.services.intake import drafting
from qrecords.services.intake.lists import add_entry, list_fields
from qrecords.services.reports.draw import draw as draw_report
from qrecords.services.scans.scan import scan
from qrecords.services.volumes.shelf import list_volumes
from qrecords.stores.given import on_disk
from qrecords.web.wording import worded

YEARS_LATER = 7  # a volume of last year is over then
BACKUP = "周备份"
OTHERS = ("示例乙", "示例丙", "示例丁", "示例戊")


def other(office: Office, name: str) -> Office:
    """Return an office as another person opens it, who is given an account when he has none."""
    account = Account(name, name, f"uid-{name}")
    with office.register.write() as tx:
        if tx.accounts.by_name(name) is None:
            tx.accounts.add(account, office.now())
            tx.audit.append([office.event("accounts", f"account/{name}")])
    return Office(office.workspace, account)


def furnish(root: Path) -> dict[str, str]:
    """Put something on every screen of a demo; returns the addresses of the screens by name."""
    beside = root.with_name("分部")
    shutil.copytree(root, beside)
    settings = root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    for key, place in (("backup_folder", "../备份"), ("restore_folder", "../恢复"), ("offices", f"../{beside.name}")):
        text = re.sub(rf'(?m)^{key} = ""', f'{key} = "{place}"', text)
    settings.write_text(text, encoding="utf-8")
    with closing(open_office(root)) as office:
        return _furnished(office, root.parent)


def _furnished(office: Office, folder: Path) -> dict[str, str]:
    filed = [r for r in list_records(office, form_code="06A") if r.state in {"filed", "bound"}]
    register, number = list_records(office, form_code="10A")[-1], filed[0].record_no
    volume, year = list_volumes(office)[0], int(filed[0].date[:4])
    for n in range(3):
        waiting = folder / f"扫描{n + 1}.png"
        page = Image.new("L", (1240, 1754), 255)
        ImageDraw.Draw(page).multiline_text((200, 200), "\n".join(["SL-120  2026-03-05"] * (n + 3)), 0, font_size=60)
        page.save(waiting, dpi=(150, 150))
        scan(office, [on_disk(waiting)], recognise=False)
    for n, state in enumerate(("待批", "已批", "发出")):
        asked = copies.request(office, filed[n].record_no, purpose=f"示例用途（{state}）", recipient="示例军代室")
        if n:
            copies.approve(other(office, OTHERS[0]), asked.request_no)
    for n in range(1, 9):
        unit = f"示例单位{n}"
        customer = {"customer_unit": unit, "customer_code": f"SL-{n:03}", "contact_person": f"示例联系人{n}"}
        product = {"serial_no": f"2024-{n:04}", "product_model": "SL-120", "delivery_date": f"2025-0{n}-05"}
        for kind, entry in ((CUSTOMERS, customer), (PRODUCTS, product | {"product_name": "短波电台（示例）"})):
            labels = {field.key: field.label for field in list_fields(office, kind)}
            add_entry(office, kind, {labels[key]: text for key, text in entry.items() if key in labels})
    hold(office, filed[1].record_no, "示例：合同纠纷未了")
    report = draw_report(office, "BB", f"{year}-03", remarks=["示例：本月无异常。"])
    backup(office, folder / "备份")
    job = jobs.start(office, "verify", {})
    jobs.work_off(office.workspace, worded)
    draft = drafting.begin(office, "06A")
    return {
        "today": "/", "fill": "/fill", "draft": f"/drafts/{draft.key}",
        "month": f"/fill/{register.form_code}/months/{register.date[:7]}",
        "review": "/review", "search": "/search?q=功放", "page": f"/records/{number}/page?q=功放", "ledger": "/records",
        "record": f"/records/{number}", "correct": f"/records/{number}/correct", "papers": f"/records/{number}/papers",
        "offices": "/search/offices?q=功放", "scans": "/scans", "shelf": "/shelf", "shelf-year": f"/shelf/{year}",
        "volume": f"/volumes/{quote(volume.volume_code)}", "retention": "/retention", "copies": "/copies",
        "reports": f"/reports?year={year}", "report": f"/reports/{report.document_no}", "office": "/office",
        "accounts": "/office/accounts", "customers": "/office/lists/customers", "products": "/office/lists/products",
        "parts": "/office/lists/parts", "improve": "/improve",
        "tracking": "/office/tracking", "forms": "/office/forms", "form": "/office/forms/06A", "log": "/office/log",
        "packs": "/office/packs", "backups": "/office/backups", "jobs": "/jobs", "job": f"/jobs/{job.key}",
        "owed": "/owed", "spares": "/spares", "refused": "/records/QR758-06A-1999-00001",
    }  # fmt: skip


@dataclass(frozen=True)
class Later:
    """The demo's office years later: who looks at it, and where."""

    office: Office
    number: str


@contextmanager
def years_later(root: Path, folder: Path) -> Iterator[Later]:
    """Lend a copy of the demo in which a volume of last year was put on a list of destruction, and nothing more."""
    place = shutil.copytree(root, folder / "以后")
    settings = place / "qrecords.toml"
    text = re.sub(r"(?m)^longest_pause_days = .*", "longest_pause_days = 0", settings.read_text(encoding="utf-8"))
    settings.write_text(text, encoding="utf-8")
    moment = system_now() + timedelta(days=366 * YEARS_LATER)
    with closing(open_office(place, clock=lambda: moment)) as office:
        workspace = office.workspace
        kept = replace(workspace.settings.desk, backup_folder=f"../{BACKUP}", restore_folder="/srv/恢复")
        workspace.settings = replace(workspace.settings, desk=kept)
        first = other(office, "示例甲")
        backup(first, folder / BACKUP)
        found = draw(first, [list_volumes(first)[0].volume_code], "无继续保存价值")
        yield Later(other(office, OTHERS[0]), found.list_no)


def destroyed(later: Later) -> None:
    """Have the list executed, so that the backup made before brings back what is on it."""
    office, today = later.office, later.office.today()
    found = approve(office, later.number)
    for name in OTHERS[1:3]:
        witness(other(office, name), later.number, found.sha256, today)
    try:
        destroy(other(office, OTHERS[3]), later.number)
    except QRecordsError as error:
        raise SystemExit(f"{error.told}") from error
