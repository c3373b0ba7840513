"""Every changing step of the office, from a folder ready for it to a look whether it is done, for the tests of faults.

The steps run without LibreOffice: call them with Converter.convert stubbed (tests/faulty_disk.py: blank_convert).
"""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from PIL import Image

from qrecords.errors import QRecordsError
from qrecords.model.lists import CUSTOMERS
from qrecords.office import Office
from qrecords.render.code import code_png, payload
from qrecords.services import steps
from qrecords.services.access import copies
from qrecords.services.access.audit import close_segment
from qrecords.services.access.copyissue import issue
from qrecords.services.administer import init
from qrecords.services.care.backup import backup, open_restored, restore
from qrecords.services.care.handover import export_bag, import_bag
from qrecords.services.care.rebuild import rebuild as rebuild_register
from qrecords.services.care.verify import verify
from qrecords.services.correct import correct
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import draw, lists
from qrecords.services.file import file_records
from qrecords.services.finding import indexing
from qrecords.services.finding.find import show
from qrecords.services.intake.importing import import_as_filed
from qrecords.services.intake.lists import add_entry, list_entries
from qrecords.services.intake.named import name_days, name_people
from qrecords.services.intake.templates import adopt
from qrecords.services.print import print_records
from qrecords.services.renewing import apply
from qrecords.services.reports.draw import correct as correct_document
from qrecords.services.reports.draw import draw as draw_document
from qrecords.services.reports.kept import list_documents, show_document
from qrecords.services.reports.progress import Hand, make_void, receive, send_back
from qrecords.services.reports.progress import approve as approve_document
from qrecords.services.reports.progress import issue as issue_document
from qrecords.services.reports.progress import review as review_document
from qrecords.services.scans.assign import assign
from qrecords.services.scans.attach import attach
from qrecords.services.scans.scan import scan
from qrecords.services.scans.sheets import Signing
from qrecords.services.scans.waiting import let_go, turn
from qrecords.services.volumes.compile import compile_year
from qrecords.settings import load
from qrecords.stores.archive import Archive
from qrecords.stores.backupstore import BackupStore
from qrecords.stores.given import on_disk
from qrecords.stores.papers import WorkspacePapers
from qrecords.stores.register import Register
from tests import retention_office as kept
from tests.conftest import CHECKOUT, FORMS, blank_scan
from tests.faulty_disk import D, E, workspace
from tests.laid import laid

Act = Callable[[Path], object]
Done = Callable[[Path], bool]

PUBLISHED = ("stage.done", "publish.begin", "publish.done", "publish.tidy")
GROWN = (*PUBLISHED, "publish.version_in", "publish.inventory_in")
WRITTEN = ("write_file.aside",)
LET_GO = ("scan.intent", "scan.committed", "scan.tidied")
PUT = (*WRITTEN, "put.intent", "put.placed", "put.committed")
SCANNED = (*WRITTEN, "scan.intent", "scan.kept", "scan.committed", "scan.tidied")
REMOVED = ("remove.taken", "remove.erased")


@dataclass(frozen=True)
class Step:
    """A step: the folder ready for it, made in a given one; how it is taken; how to see that it is done, whole.

    `passes` are all the moments (stores/durable.py: checkpoint) it comes by.
    """

    act: Act
    done: Done
    passes: tuple[str, ...]
    start: Callable[[Path], Path] = workspace
    moment: datetime = kept.THEN
    reads: bool = False  # scans, in a child process: slow


def people(
    name: str = "甲", moment: datetime = kept.THEN
) -> Callable[[Callable[[Office], Any]], Callable[[Path], Any]]:
    """Make something that is done in an open office something that opens a workspace first."""

    def opening(use: Callable[[Office], Any]) -> Callable[[Path], Any]:
        @wraps(use)
        def opened(root: Path) -> Any:
            with kept.opened(root, clock=lambda: moment) as all_of_them:
                return use(all_of_them(name))

        return opened

    return opening


def input_of(office: Office, values: object) -> Path:
    path = office.settings.root.parent / "input.json"
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return path


# Filling, filing, correcting, printing

FIVE, SIX = "QR758-01A-2019-00005", "QR758-01A-2019-00006"
CORRECTION = {"info_content": "更正后的内容。"}


@people()
def _fill(office: Office) -> None:
    made = kept.filled(office, "01A", kept.information(5, "示例单位五"), kept.information(6, "示例单位六"))
    assert made == [FIVE, SIX], "no gap"


@people()
def _is_filled(office: Office) -> bool:
    with office.register.read() as tx:
        there = tx.records.many([FIVE, SIX])
    assert len(there) in {0, 2}, "all or none"
    return bool(there)


@people()
def _file(office: Office) -> None:
    file_records(office, [n for n in (D, E) if show(office, n).state != "filed"])


@people()
def _is_filed(office: Office) -> bool:
    found = [show(office, n) for n in (D, E)]
    numbers = sorted(str(f.archive_no) for f in found)
    return all(f.state == "filed" for f in found) and [n[-1] for n in numbers] == ["3", "4"]


@people()
def _correct(office: Office) -> None:
    correct(office, kept.A, on_disk(input_of(office, CORRECTION)), reason="示例")


@people()
def _is_corrected(office: Office) -> bool:
    found = show(office, kept.A)
    corrected = bool(found.values["info_content"] == CORRECTION["info_content"])
    assert len(found.corrections) == corrected, "once"
    return corrected


@people()
def _print(office: Office) -> None:
    print_records(office, [D], out=office.settings.root.parent / "printed")


def _is_printed(root: Path) -> bool:
    return all((root.parent / "printed" / f"{D}.{kind}").is_file() for kind in ("docx", "pdf"))


@people()
def _compile(office: Office) -> None:
    compile_year(office, 2019, form_code="06A")


@people()
def _is_compiled(office: Office) -> bool:
    with office.register.read() as tx:
        made = [v for v in tx.items.volumes() if "·06·" in v.volume_code and v.version > 0]
    return [v.volume_code[-3:] for v in made] == ["001"]


# Signed paper

F, G = "QR758-06A-2019-00002", "QR758-06A-2019-00003"
SIGNED = Signing("customer-signature", "示例用户", "2019-12-30")


def sheet(path: Path, text: str) -> None:
    """Draw a scanned page with nothing but a code on it."""
    page = Image.new("L", (1240, 1754), 255)
    page.paste(Image.open(BytesIO(code_png(text))).convert("L").resize((260, 260)), (900, 80))
    page.paste(90, (100, 600, 1100, 640))
    page.save(path, dpi=(150, 150))


@cache
def _signing() -> Path:
    """The office with two reports not yet signed; beside it scans, and one page waits to be given to a record."""
    folder = Path(mkdtemp(prefix="signing-"))
    root = workspace(folder)
    with kept.opened(root, clock=lambda: kept.THEN) as all_of_them:
        office = all_of_them("甲")
        values = [kept.sample("06A", customer_unit="示例单位六", serial_no=f"S{n}") for n in (1, 2)]
        assert kept.filled(office, "06A", *values) == [F, G]
        blank_scan(folder / "paper.pdf")
        sheet(folder / "f.png", payload(F, 1))
        sheet(folder / "lost.png", "HTTP://EXAMPLE.ORG/1")
        sheet(folder / "waiting.png", "HTTP://EXAMPLE.ORG/2")
        scan(office, [on_disk(folder / "waiting.png")], [SIGNED], recognise=False)
    return folder


def signing(folder: Path) -> Path:
    laid(_signing(), folder)
    return folder / "office"


@people()
def _sign(office: Office) -> None:
    paper = office.settings.root.parent / "paper.pdf"
    steps.sign(office, [F], kind=SIGNED.kind, by=SIGNED.by, on=SIGNED.on, evidence=on_disk(paper))


def _has_signature(number: str) -> Done:
    @people()
    def look(office: Office) -> bool:
        found = show(office, number).signatures
        assert len(found) < 2, "once"
        return len(found) == 1 and any((office.settings.archive_dir / "evidence").glob(f"{found[0].evidence_sha256}.*"))

    return look


@people()
def _scan(office: Office) -> None:
    folder = office.settings.root.parent
    scan(office, [on_disk(folder / "f.png"), on_disk(folder / "lost.png")], [SIGNED], recognise=False)


def _is_scanned(root: Path) -> bool:
    signed = _has_signature(F)(root)
    waiting = [w.source for w in WorkspacePapers(root, root / "archive").inbox.all()]
    return signed and waiting == ["lost.png", "waiting.png"]


def _page_waiting(office: Office) -> str:
    return next(w.page_id for w in office.papers.inbox.all() if w.source == "waiting.png")


@people()
def _turn(office: Office) -> None:
    turn(office, _page_waiting(office), 1)


@people()
def _is_turned(office: Office) -> bool:
    (page,) = office.papers.inbox.all()
    with Image.open(BytesIO(office.papers.inbox.picture(page.page_id)())) as picture:
        return picture.width > picture.height


@people()
def _let_go(office: Office) -> None:
    let_go(office, [_page_waiting(office)], "strange")


@people()
def _is_let_go(office: Office) -> bool:
    with office.register.read() as tx:
        told = [e for e in tx.audit.events("scans") if "let_go" in e.detail]
    gone = not office.papers.inbox.all()
    assert len(told) == gone, "logged, once"
    return gone


@people()
def _assign(office: Office) -> None:
    assign(office, [_page_waiting(office)], G, [SIGNED], recognise=False)


def _is_assigned(root: Path) -> bool:
    return _has_signature(G)(root) and list((root / "archive" / "inbox" / "unmatched").iterdir()) == []


@people()
def _attach(office: Office) -> None:
    folder = office.settings.root.parent
    attach(office, F, [on_disk(folder / "paper.pdf"), on_disk(folder / "lost.png")], recognise=False)


@people()
def _is_attached(office: Office) -> bool:
    found = show(office, F).attached
    assert len(found) in {0, 2}, "all or none"
    return bool(found) and all(any((office.settings.archive_dir / "evidence").glob(f"{a.sha256}.*")) for a in found)


@people()
def _attach_late(office: Office) -> None:
    folder = office.settings.root.parent
    attach(office, kept.C, [on_disk(folder / "paper.pdf"), on_disk(folder / "lost.png")], recognise=False)


@people()
def _is_attached_late(office: Office) -> bool:
    found = show(office, kept.C).attached
    assert len(found) in {0, 2}, "all or none"
    return bool(found)


# Past paper


@cache
def _past() -> Path:
    folder = Path(mkdtemp(prefix="past-"))
    workspace(folder)
    for name in ("a", "b"):
        sheet(folder / f"{name}.png", f"HTTP://EXAMPLE.ORG/{name}")
    with (folder / "past.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        head = ("表式", "记录编号", "日期", "用户单位", "题名", "扫描件")
        rows = [
            ("06A", f"QR758-06A-2016-0000{n}", f"2016-05-0{n}", "示例单位七", "示例：旧", f"{name}.png")
            for n, name in ((1, "a"), (2, "b"))
        ]
        csv.writer(stream).writerows([head, *rows])
    return folder


def past(folder: Path) -> Path:
    laid(_past(), folder)
    return folder / "office"


@people()
def _take_past_in(office: Office) -> None:
    import_as_filed(office, office.settings.root.parent / "past.csv", recognise=False)


@people()
def _is_past_in(office: Office) -> bool:
    with office.register.read() as tx:
        there = tx.records.many(["QR758-06A-2016-00001", "QR758-06A-2016-00002"])
    assert len(there) in {0, 2}, "all or none"
    return [r.state for r in there] == ["filed", "filed"]


# Copies


def asked_for(folder: Path) -> Path:
    root = workspace(folder)
    with kept.opened(root, clock=lambda: kept.THEN) as all_of_them:
        asked = copies.request(
            all_of_them("甲"), kept.A, purpose="示例", due="2020-03-01", recipient="示例军代室", count=2
        )
        copies.approve(all_of_them("甲"), asked.request_no)
    return root


@people()
def _issue_copies(office: Office) -> None:
    (asked,) = copies.list_requests(office)
    issue(office, asked.request_no, office.settings.root.parent / "copies")


@people()
def _are_issued(office: Office) -> bool:
    (asked,) = copies.list_requests(office)
    names = [c.copy_no for c in asked.copies]
    assert names in ([], ["FB-2020-00001", "FB-2020-00002"]), "no gap"
    if asked.state != "issued":
        return False
    out = office.settings.root.parent / "copies"
    with office.register.read() as tx:
        known = {c.copy_no: c.sha256 for one in tx.copies.all() for c in one.copies}
    return {p.stem: sha256(p.read_bytes()).hexdigest() for p in out.glob("FB*")} == known


# Out of the house and back


@people()
def _export(office: Office) -> None:
    export_bag(office, office.settings.root.parent / "bag", year=2019)


def _is_exported(root: Path) -> bool:
    import bagit

    bag = root.parent / "bag"
    return bag.exists() and bool(bagit.Bag(str(bag)).validate())


@cache
def _bag() -> Path:
    """A package of the office, beside the empty office that takes it in."""
    folder = Path(mkdtemp(prefix="bag-"))
    _export(workspace(folder / "elsewhere"))
    shutil.move(folder / "elsewhere" / "bag", folder / "bag")
    shutil.rmtree(folder / "elsewhere")
    init(folder / "office", clock=lambda: kept.THEN).close()
    return folder


def with_bag(folder: Path) -> Path:
    laid(_bag(), folder)
    return folder / "office"


@people()
def _import_bag(office: Office) -> None:
    import_bag(office, office.settings.root.parent / "bag")


@people()
def _is_imported(office: Office) -> bool:
    with office.register.read() as tx:
        there = tx.records.many([kept.A, kept.B, kept.C, *kept.ROWS])
    assert len(there) in {0, 5}, "whole or not at all"
    return bool(there)


@people()
def _backup(office: Office) -> None:
    backup(office, office.settings.root.parent / "kept")


def _is_backed_up(root: Path) -> bool:
    """Tell whether there is a backup of the office as it is now; whatever backup there is must be whole."""
    folder = root.parent
    shutil.rmtree(folder / "again", ignore_errors=True)
    if (manifest := BackupStore(folder / "kept").manifest()) is None:
        return False
    restore(folder / "kept", folder / "again")
    with kept.opened(folder / "again", clock=lambda: kept.THEN) as again:
        assert verify(again.office, deep=True).problems == []
    archive = Archive(root / "archive")
    return {i: archive.head(i) for i in archive.ids()} == {i: version for i, (version, _) in manifest.objects.items()}


@cache
def _backed_up() -> Path:
    folder = Path(mkdtemp(prefix="backed-up-"))
    _backup(workspace(folder))
    return folder


def grown_since_backup(folder: Path) -> Path:
    """Lay out an office that gained versions and objects since its last backup."""
    laid(_backed_up(), folder)
    _correct(folder / "office")
    _file(folder / "office")
    return folder / "office"


def only_backup(folder: Path) -> Path:
    laid(_backed_up() / "kept", folder / "kept")
    return folder / "office"


def _restore(root: Path) -> None:
    restore(root.parent / "kept", root)


def _is_restored(root: Path) -> bool:
    if not (root / "qrecords.toml").exists() or (root / ".restoring").exists():
        return False
    assert (
        open_restored(root, BackupStore(root.parent / "kept").require_manifest(), clock=lambda: kept.THEN).problems
        == []
    )
    return True


def damaged(folder: Path) -> Path:
    """Lay out an office whose log is filed and whose register cannot be read."""
    root = workspace(folder)
    _close_log(root)
    for path in (root / "archive").glob("register.sqlite*"):
        path.unlink()
    (root / "archive" / "register.sqlite").write_bytes(b"no database" * 100)
    return root


def _rebuild_register(root: Path) -> None:
    rebuild_register(root, account_name="甲", clock=lambda: kept.THEN)


def _is_rebuilt(root: Path) -> bool:
    try:
        Register.open(root / "archive" / "register.sqlite").close()
    except QRecordsError:
        return False
    kept_aside = list((root / "archive").glob("register-*.damaged"))
    assert [p.read_bytes()[:11] for p in kept_aside] == [b"no database"], "the damaged one is kept"
    return True


def empty(folder: Path) -> Path:
    return folder / "office"


def _init(root: Path) -> None:
    init(root, clock=lambda: kept.THEN, account_name="甲").close()


def _is_made(root: Path) -> bool:
    """Tell whether a workspace is there; forms that are there are all of them."""
    if not (root / "archive" / "register.sqlite").exists():
        return False
    try:
        with kept.opened(root):
            pass
    except QRecordsError:
        return False
    there = {p.relative_to(root / "forms"): p.read_bytes() for p in (root / "forms").rglob("*") if p.is_file()}
    assert there == {p.relative_to(FORMS.parent): p.read_bytes() for p in FORMS.parent.rglob("*") if p.is_file()}
    return True


# The index, the log, lists, templates


@people()
def _rebuild_index(office: Office) -> None:
    indexing.rebuild(office)


@people()
def _index_is_there(office: Office) -> bool:
    with office.register.read() as tx:
        return office.index.last_seq() == tx.records.last_change()


@people()
def _switch_engine(office: Office) -> None:
    indexing.rebuild(office, engine="whoosh")


def _is_switched(root: Path) -> bool:
    return load(root).index.engine == "whoosh" and bool(_index_is_there(root))


@people()
def _close_log(office: Office) -> None:
    close_segment(office)


@people()
def _is_log_closed(office: Office) -> bool:
    with office.register.read() as tx:
        return len(tx.audit.segments()) == 2


UNIT = {"customer_unit": "示例单位一", "customer_code": "SL-001"}


@people()
def _add(office: Office) -> None:
    add_entry(office, CUSTOMERS, UNIT)


@people()
def _is_added(office: Office) -> bool:
    with office.register.read() as tx:
        told = [*tx.audit.events(CUSTOMERS.file_name)]
    return len(list_entries(office, CUSTOMERS)) == 1 and len(told) == 1


HANDLERS = "complaint_handlers"


@people()
def _name_people(office: Office) -> None:
    name_people(office, HANDLERS, ["示例甲"])


@people()
def _name_days(office: Office) -> None:
    name_days(office, ["2031-01-01,休,元旦"])


def _told(office: Office, path: Path) -> bool:
    """Tell whether the log's one word of a file is what it says now."""
    with office.register.read() as tx:
        told = [e.detail["sha256"] for e in tx.audit.events(path.name)]
    return told == [sha256(path.read_bytes()).hexdigest()]


@people()
def _are_named(office: Office) -> bool:
    procedure = office.forms.procedure
    named = procedure.people.get(HANDLERS) == ("示例甲",)
    assert named == _told(office, procedure.people_path), "what is written is logged"
    return named


@people()
def _are_days(office: Office) -> bool:
    procedure = office.forms.procedure
    written = 2031 in procedure.calendar.years()
    assert written == _told(office, procedure.holidays_path), "what is written is logged"
    return written


@people()
def _adopt(office: Office) -> None:
    source = office.settings.root.parent / "new.docx"
    with zipfile.ZipFile(FORMS / "01A" / "template.docx") as old, zipfile.ZipFile(source, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    adopt(office, "01A", on_disk(source), pages=False)


@people()
def _is_adopted(office: Office) -> bool:
    with office.register.read() as tx:
        told = [e for e in tx.audit.events("QR758-01A/template") if e.outcome == "done"]
    now = (office.settings.forms_dir / "01A" / "template.docx").read_bytes()
    changed = now != (FORMS / "01A" / "template.docx").read_bytes()
    assert len(told) == changed, "the log tells of the template that is in place, once"
    return changed


def _older_forms(folder: Path) -> Path:
    """Lay out an office that lacks a table, and one of its deadlines, which it changed otherwise."""
    root = workspace(folder)
    forms = root / "forms"
    (forms / "KF758/tables/P03.toml").unlink()
    deadlines = forms / "KF758/deadlines.toml"
    kept = deadlines.read_text(encoding="utf-8").partition("[yearly_visit]")
    deadlines.write_text("# 本单位的\n" + kept[0] + kept[2].partition("\n\n")[2], encoding="utf-8")
    return root


@people()
def _renew(office: Office) -> None:
    apply(office)


@people()
def _is_renewed(office: Office) -> bool:
    with office.register.read() as tx:
        told = [e for e in tx.audit.events("forms/renew") if e.outcome == "done"]
    there = (office.settings.forms_dir.parent / "KF758/tables/P03.toml").exists()
    assert there == ("yearly_visit" in office.forms.deadlines) == bool(told), "all of it, logged once, or nothing"
    return there


# Documents computed from records

BRIEF = "KF-BB-2019-001"
DOCUMENT_MOMENTS = ("document.intent", "document.published", "document.committed")
LEADERS = "公司主管领导"


@people()
def _draw_document(office: Office) -> None:
    assert draw_document(office, "BB", "2019").document_no == BRIEF, "no gap"


def _is_document(state: str) -> Done:
    @people()
    def look(office: Office) -> bool:
        there = list_documents(office)
        assert len(there) < 2, "once"
        if not there or show_document(office, BRIEF).state != state:
            return False
        assert bool(there[0].archive_no) == (state in {"approved", "issued", "bound"})
        return there[0].archive_no in {"", "750-KJ·KF·BB·2019·D5-0001"}

    return look


@people("乙")
def _review_document(office: Office) -> None:
    review_document(office, BRIEF, Hand("示例主任"))


@people("丙")
def _approve_document(office: Office) -> None:
    approve_document(
        office, BRIEF, Hand("示例领导", evidence=on_disk(blank_scan(office.settings.root.parent / "signed.pdf")))
    )


@people("乙")
def _return_document(office: Office) -> None:
    send_back(office, BRIEF, "示例")


@people()
def _is_returned(office: Office) -> bool:
    shown = show_document(office, BRIEF)
    assert bool(shown.reason) != bool(shown.signatures), "its signatures lapse with it"
    return shown.state == "drawn"


@people()
def _void_document(office: Office) -> None:
    make_void(office, BRIEF, "示例")


MILREP = "示例代表室"


def with_milrep(folder: Path) -> Path:
    """An office that looks after some users of a branch for an office of military representatives."""
    root = workspace(folder)
    with (root / "forms" / "KF" / "documents.toml").open("a", encoding="utf-8") as kinds:
        kinds.write(f'\n[milreps."{MILREP}"]\nbranches = ["海军"]\ncustomers = ["示例单位三"]\n')
    return root


@people()
def _draw_for_milrep(office: Office) -> None:
    drawn = draw_document(office, "JB", "2019-03", branch="海军", milrep=MILREP)
    assert drawn.document_no == "KF-JB-2019-001", "no gap"


@people()
def _is_for_milrep(office: Office) -> bool:
    there = list_documents(office)
    assert len(there) < 2, "once"
    return [(d.milrep, d.state) for d in there] == [(MILREP, "drawn")]


@people()
def _issue_document(office: Office) -> None:
    issue_document(office, BRIEF)


@people()
def _receive_document(office: Office) -> None:
    receive(office, BRIEF, LEADERS, by="示例办事员")


@people()
def _is_received(office: Office) -> bool:
    shown = show_document(office, BRIEF)
    assert len(shown.receipts) < 2, "once"
    return [r.recipient for r in shown.receipts] == [LEADERS]


@people()
def _correct_document(office: Office) -> None:
    correct_document(office, BRIEF, "示例")


@people()
def _is_corrected_document(office: Office) -> bool:
    shown = show_document(office, BRIEF)
    assert (shown.edition == 2) == (shown.state == "drawn")
    return bool(shown.edition == 2)


@people()
def _bind_documents(office: Office) -> None:
    compile_year(office, 2019, form_code="KF-BB", with_gaps=True, reason="示例")


@people()
def _are_bound(office: Office) -> bool:
    with office.register.read() as tx:
        made = [v.volume_code[-3:] for v in tx.items.volumes() if "KF·BB" in v.volume_code and v.version > 0]
    return made == ["001"]


@cache
def _document(taken: int) -> Path:
    """The office with its document so many steps on its way."""
    way = (_draw_document, _review_document, _approve_document, _issue_document)
    folder = Path(mkdtemp(prefix="document-"))
    if not taken:
        workspace(folder)
        return folder
    laid(_document(taken - 1), folder)
    way[taken - 1](folder / "office")
    return folder


def document(taken: int) -> Callable[[Path], Path]:
    """Return what makes the office whose document was drawn (1), reviewed (2), approved (3), issued (4)."""

    def start(folder: Path) -> Path:
        laid(_document(taken), folder)
        return folder / "office"

    return start


# Destruction


@people(moment=kept.NOW)
def _draw(office: Office) -> None:
    draw(office, [kept.C], "x")


@people(moment=kept.NOW)
def _is_drawn(office: Office) -> bool:
    return [found.state for found in lists(office)] == ["drawn"]


@people("戊", moment=kept.NOW)
def _destroy(office: Office) -> None:
    destroy(office, kept.LIST_NO)


@people(moment=kept.NOW)
def _is_destroyed(office: Office) -> bool:
    return bool(lists(office)[0].state == "destroyed")


def witnessed(folder: Path) -> Path:
    return workspace(folder, witnessed=True)


# What a kill left half


@cache
def _torn() -> Path:
    """The office as a correction left it that was killed when its version had moved in, the inventory not yet."""
    folder = Path(mkdtemp(prefix="torn-"))
    assert killed("correct", [("publish.version_in", 1, workspace(folder))]) == [-signal.SIGKILL]
    return folder


def torn(folder: Path) -> Path:
    laid(_torn(), folder)
    return folder / "office"


@people()
def _recover(_office: Office) -> None:
    """Finish what a kill left half: every opening does."""


STEPS = {
    "init": Step(_init, _is_made, WRITTEN, empty),
    "fill": Step(_fill, _is_filled, (*WRITTEN, "fill.intent", "fill.papers", "fill.committed")),
    "file": Step(
        _file, _is_filed, (*WRITTEN, *PUBLISHED, "file.intent", "file.papers", "file.frozen", "file.committed")
    ),
    "correct": Step(
        _correct,
        _is_corrected,
        (*WRITTEN, *GROWN, "correct.intent", "correct.papers", "correct.frozen", "correct.committed"),
    ),
    "print": Step(_print, _is_printed, WRITTEN),
    "compile": Step(
        _compile,
        _is_compiled,
        (
            *WRITTEN, *GROWN, "compile.intent", "compile.matter", "compile.sealed", "compile.committed",
            "compile.catalogue", "audit.intent", "audit.published", "audit.committed",
        ),
    ),
    "sign": Step(_sign, _has_signature(F), SCANNED, signing, reads=True),
    "scan": Step(_scan, _is_scanned, SCANNED, signing, reads=True),
    "turn": Step(_turn, _is_turned, SCANNED, signing),
    "let go": Step(_let_go, _is_let_go, LET_GO, signing),
    "assign": Step(_assign, _is_assigned, SCANNED, signing, reads=True),
    "attach": Step(_attach, _is_attached, SCANNED, signing, reads=True),
    "attach late": Step(
        _attach_late,
        _is_attached_late,
        (*WRITTEN, *GROWN, "add.intent", "add.kept", "add.frozen", "add.committed", "add.tidied"),
        signing,
        reads=True,
    ),
    "past": Step(
        _take_past_in,
        _is_past_in,
        (
            *WRITTEN, *PUBLISHED, "past.intent", "past.kept", "past.reserved", "past.frozen", "past.committed",
        ),
        past,
        reads=True,
    ),
    "copies": Step(
        _issue_copies, _are_issued, (*WRITTEN, "copies.intent", "copies.written", "copies.committed"), asked_for
    ),
    "export": Step(_export, _is_exported, (*WRITTEN, "export.packed")),
    "import": Step(_import_bag, _is_imported, (*WRITTEN, "import.intent", "import.object", "import.committed"), with_bag),
    "backup": Step(
        _backup, _is_backed_up, (*WRITTEN, "backup.register", "backup.files", "backup.ready", "backup.published")
    ),
    "backup again": Step(
        _backup,
        _is_backed_up,
        (
            *WRITTEN, "backup.register", "backup.files", "backup.ready", "backup.published", "mirror.version_in",
            "mirror.inventory.json", "mirror.inventory.json.sha512",
        ),
        grown_since_backup,
    ),
    "restore": Step(_restore, _is_restored, (*WRITTEN, "restore.objects", "restore.register"), only_backup),
    "rebuild": Step(_rebuild_register, _is_rebuilt, ("rebuild.made",), damaged),
    "index": Step(_rebuild_index, _index_is_there, WRITTEN),
    "engine": Step(_switch_engine, _is_switched, WRITTEN),
    "audit": Step(_close_log, _is_log_closed, (*PUBLISHED, "audit.intent", "audit.published", "audit.committed")),
    "lists": Step(_add, _is_added, PUT),
    "people": Step(_name_people, _are_named, PUT),
    "days": Step(_name_days, _are_days, PUT),
    "adopt": Step(_adopt, _is_adopted, (*WRITTEN, *PUBLISHED, "adopt.kept", "adopt.placed", "adopt.committed")),
    "renew": Step(
        _renew, _is_renewed, (*WRITTEN, "renew.intent", "renew.ready", "renew.placed", "renew.committed"), _older_forms
    ),
    "document": Step(_draw_document, _is_document("drawn"), (*WRITTEN, *PUBLISHED, *DOCUMENT_MOMENTS)),
    "document for a milrep": Step(
        _draw_for_milrep, _is_for_milrep, (*WRITTEN, *PUBLISHED, *DOCUMENT_MOMENTS), with_milrep
    ),
    "document reviewed": Step(
        _review_document, _is_document("reviewed"), (*GROWN, *DOCUMENT_MOMENTS), document(1)
    ),
    "document approved": Step(
        _approve_document, _is_document("approved"), (*GROWN, *DOCUMENT_MOMENTS), document(2)
    ),
    "document returned": Step(_return_document, _is_returned, (*GROWN, *DOCUMENT_MOMENTS), document(2)),
    "document void": Step(_void_document, _is_document("void"), (*GROWN, *DOCUMENT_MOMENTS), document(1)),
    "document issued": Step(_issue_document, _is_document("issued"), (*GROWN, *DOCUMENT_MOMENTS), document(3)),
    "document received": Step(_receive_document, _is_received, (*GROWN, *DOCUMENT_MOMENTS), document(4)),
    "document corrected": Step(
        _correct_document, _is_corrected_document, (*WRITTEN, *GROWN, *DOCUMENT_MOMENTS), document(3)
    ),
    "documents bound": Step(
        _bind_documents,
        _are_bound,
        (
            *WRITTEN, *GROWN, "compile.intent", "compile.matter", "compile.sealed", "compile.committed",
            "compile.catalogue", "audit.intent", "audit.published", "audit.committed",
        ),
        document(3),
    ),
    "draw": Step(
        _draw, _is_drawn, (*WRITTEN, *PUBLISHED, "draw.intent", "draw.published", "draw.committed"), moment=kept.NOW
    ),
    "destroy": Step(
        _destroy,
        _is_destroyed,
        (
            *WRITTEN, *GROWN, *REMOVED, "destroy.intent", "destroy.certified", "destroy.buried", "destroy.object",
            "destroy.file", "destroy.index", "destroy.scrubbed", "destroy.verified", "destroy.committed",
        ),
        witnessed,
        kept.NOW,
    ),
    "recover": Step(
        _recover,
        _is_corrected,
        (*WRITTEN, "recover.inventory.json", "recover.inventory.json.sha512", "correct.committed"),
        torn,
    ),
}  # fmt: skip


def assert_whole(root: Path, step: Step, *, deep: bool = True) -> None:
    """Whatever happened to a step: taken again it is done, once, and nothing is half."""
    if not step.done(root):
        step.act(root)
    assert step.done(root)
    with kept.opened(root, clock=lambda: step.moment) as all_of_them:
        office = all_of_them.office
        assert verify(office, deep=deep).problems == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
            papers = {p.stem for p in (office.settings.archive_dir / "evidence").glob("[!.]*")}
            assert tx.beside.used(sorted(papers)) == papers, "no signed paper without its record"
        assert office.archive.steps_in_staging() == []


# Takes a step in a forked child for each job, which kills itself at the N-th pass of a moment; prints how each ended.
KILLING = """
import json, os, sys
from pathlib import Path
from qrecords.render.pdf import Converter
from tests.dying import die_at
from tests.faulty_disk import blank_convert
from tests.office_steps import STEPS
step = STEPS[sys.argv[1]]
Converter.convert = blank_convert

ended = []
for job in json.loads(sys.argv[2]):
    child = os.fork()
    if child == 0:
        moment, passes, root = job
        die_at(moment, passes)
        step.act(Path(root))
        os._exit(0)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ended))
"""


def killed(name: str, jobs: list[tuple[str, int, Path]]) -> list[int]:
    """Take a step once for each job (moment, pass, folder), killed there; returns how each process ended."""
    words = json.dumps([(moment, passes, str(root)) for moment, passes, root in jobs])
    command = [sys.executable, "-c", KILLING, name, words]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=1800)
    assert ran.stdout, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    return json.loads(ran.stdout)  # type: ignore[no-any-return]
