"""Controlled copies: asked for, approved, numbered, marked across every page, locked, taken back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from openpyxl import load_workbook

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, NotFound, NotPermitted, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.copies import CopyState, copy_no, request_no, require_step
from qrecords.model.record import State
from qrecords.office import Office
from qrecords.services.access import copies
from qrecords.services.access.copyissue import Issued, issue
from qrecords.services.administer import init, open_office
from qrecords.services.care.verify import verify
from qrecords.services.file import file_months, file_records
from qrecords.services.intake.fill import fill
from qrecords.services.steps import review, submit
from qrecords.stores.given import on_disk
from tests.conftest import FORMS, NOW, CommandLine
from tests.dying import killed_at
from tests.laid import laid
from tests.textlayer import pdftotext

pytestmark = pytest.mark.office

DUE = "2026-04-01"
PURPOSE = "示例：质量分析会"


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one record and one month of a register filed."""
    folder = tmp_path_factory.mktemp("filed")
    with closing(init(folder / "office", clock=lambda: NOW)) as office:
        for code, changes in (("01A", {"source_record_no": None, "channel": "电话"}), ("10A", {})):
            values = json.loads((FORMS / code / "sample.json").read_text(encoding="utf-8")) | changes
            source = folder / f"{code}.json"
            source.write_text(json.dumps({k: v for k, v in values.items() if v is not None}), encoding="utf-8")
            (made,) = fill(office, code, [on_disk(source)]).records
            submit(office, [made.record_no])
            review(office, [made.record_no], on="2025-12-31")
        file_records(office, ["QR758-01A-2025-00001"])
        file_months(office, "10A", ["2025-04"])
    return folder / "office"


@pytest.fixture
def at(filed: Path, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Open a copy of the workspace, some days later."""
    root = tmp_path / "office"
    laid(filed, root)
    opened: list[Office] = []

    def open_at(days: int = 0) -> Office:
        opened.append(open_office(root, clock=lambda: NOW + timedelta(days=days)))
        return opened[-1]

    yield open_at
    for office in opened:
        office.close()


RECORD = "QR758-01A-2025-00001"


def asked(office: Office, **more: Any) -> str:
    return copies.request(
        office, RECORD, **({"purpose": PURPOSE, "due": DUE, "recipient": "示例军代室"} | more)
    ).request_no


def approved(office: Office, **more: Any) -> str:
    return copies.approve(office, asked(office, **more)).request_no


def events(office: Office, action: str) -> list[Any]:
    with office.register.read() as tx:
        return [e for e in tx.audit.events() if e.action == action]


def contents_list(page: pikepdf.Page) -> list[Any]:
    return list(page.Contents) if isinstance(page.Contents, pikepdf.Array) else [page.Contents]


def contents(page: pikepdf.Page) -> bytes:
    return b"".join(part.read_bytes() for part in contents_list(page))


def run(*words: object) -> str:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def issued(filed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, list[Issued]]]:
    """Two copies of the record, on their way as in the office."""
    folder = tmp_path_factory.mktemp("issued")
    laid(filed, folder / "office")
    with closing(open_office(folder / "office", clock=lambda: NOW)) as office:
        yield office, issue(office, approved(office, count=2), folder / "out")


def test_every_page_says_whose_copy_it_is(issued: tuple[Office, list[Issued]]) -> None:
    for number, copy in enumerate(issued[1], start=1):
        assert copy.copy_no == f"FB-2026-0000{number}"
        pages = pdftotext(copy.path).split("\f")[:-1]
        assert len(pages) == int(run("qpdf", "--show-npages", copy.path)) > 0
        for page in pages:
            said = "".join(page.split())
            for words in (
                copy.copy_no,
                "发给：示例军代室",
                f"用途：{PURPOSE}",
                "2026年3月4日发出",
                "应还：2026年4月1日",
                "未经批准不得复印",
            ):
                assert words in said
    other = pdftotext(issued[1][1].path)
    assert issued[1][0].copy_no not in other, "a copy bears its own number alone"


def test_the_form_below_is_whole_and_its_fonts_are_in_the_file(
    issued: tuple[Office, list[Issued]], filed: Path
) -> None:
    (original,) = [p for p in (filed / "archive" / "objects").rglob("form.pdf") if "01A" in pdftotext(p)]
    with pikepdf.open(original) as before, pikepdf.open(issued[1][0].path) as after:
        for old, new in zip(before.pages, after.pages, strict=True):
            assert contents(old) in contents(new), "the page's own drawing is untouched"
            assert len(new.Contents) == len(contents_list(old)) + 2, "the mark has streams of its own"
    fonts = run("pdffonts", issued[1][0].path).splitlines()[2:]
    assert len(fonts) >= 2
    assert all(line.split()[-5] == "yes" for line in fonts), "every font is embedded"


def test_a_copy_is_locked_as_approved(issued: tuple[Office, list[Issued]]) -> None:
    for copy in issued[1]:
        assert "No syntax or stream encoding errors" in run("qpdf", "--check", copy.path)
        told = run("qpdf", "--show-encryption", copy.path)
        assert told.count("AESv3") == 3
        allowed = {line.split(":")[0] for line in told.splitlines() if line.endswith(": allowed")}
        assert allowed == {"extract for accessibility", "print low resolution", "print high resolution"}
    with pikepdf.open(issued[1][0].path) as pdf:
        assert pdf.encryption.bits == 256
        assert b"pdfaid:part" not in pdf.Root.Metadata.read_bytes(), "an encrypted file is no PDF/A"
        assert "/OutputIntents" not in pdf.Root


def test_what_left_the_house_is_in_register_and_log(issued: tuple[Office, list[Issued]]) -> None:
    office, files = issued
    (listed,) = copies.list_requests(office)
    assert (listed.state, [c.copy_no for c in listed.copies]) == ("issued", [c.copy_no for c in files])
    assert [c.sha256 for c in listed.copies] == [c.sha256 for c in files]
    assert [e.outcome for e in events(office, "copy-issue")] == ["begun", "begun", "done", "done"]
    (approval,) = events(office, "copy-approve")
    assert approval.detail["separation"] == "single-desk", "one person asked and approved; the log says so"
    with office.register.read() as tx:
        told = json.dumps([dict(e.detail) for e in tx.audit.events()], ensure_ascii=False)
    assert PURPOSE not in told
    assert "示例军代室" not in told
    assert verify(office).problems == []


def test_nothing_leaves_without_approval(at: Callable[..., Office], tmp_path: Path) -> None:
    office = at()
    number = asked(office)
    with pytest.raises(WrongState, match="待批准"):
        issue(office, number, tmp_path / "out")
    copies.refuse(office, number, reason="示例：理由不足")
    with pytest.raises(WrongState, match="未批准"):
        issue(office, number, tmp_path / "out")
    with pytest.raises(WrongState, match="未批准"):
        copies.approve(office, number)
    assert not (tmp_path / "out").exists()


def person(office: Office, role: str, **more: Any) -> Office:
    """Return the same office under the hand of someone with one role."""
    return replace(office, account=Account(f"the-{role}", f"示例{role}", None, grants=(Grant(role),), **more))


@pytest.fixture
def strict(at: Callable[..., Office]) -> Office:
    """An office that keeps duties apart."""
    office = at()
    settings = replace(office.settings, access=replace(office.settings.access, separation="strict"))
    return Office(replace(office.workspace, settings=settings), office.account)


def test_in_strict_each_step_is_another_hand(strict: Office, tmp_path: Path) -> None:
    clerk, supervisor, archivist = (person(strict, role) for role in ("clerk", "supervisor", "archivist"))
    number = asked(clerk)
    for hand in (clerk, archivist):
        with pytest.raises(NotPermitted, match="批准副本"):
            copies.approve(hand, number)
    copies.approve(supervisor, number)
    for hand in (clerk, supervisor):
        with pytest.raises(NotPermitted, match="发出副本"):
            issue(hand, number, tmp_path / "out")
    issue(archivist, number, tmp_path / "out")
    with pytest.raises(NotPermitted, match="收回副本"):
        copies.take_back(clerk, [number])
    copies.take_back(archivist, [number])
    assert [e.detail.get("separation") for e in events(strict, "copy-approve") if e.outcome == "done"] == [None]


def test_in_strict_nobody_approves_what_he_asked_for(strict: Office) -> None:
    both = replace(strict, account=Account("x", "示例", None, grants=(Grant("clerk"), Grant("supervisor"))))
    number = asked(both)
    with pytest.raises(NotPermitted, match="要由别人批准"):
        copies.approve(both, number)
    assert [e.outcome for e in events(both, "copy-approve")] == ["refused"]
    copies.approve(person(strict, "supervisor"), number)


def test_what_may_not_be_read_shows_nowhere_among_the_copies(at: Callable[..., Office]) -> None:
    office = at()
    number = asked(office)
    stranger = person(office, "issuer")  # reads service notices alone
    assert copies.list_requests(stranger) == []
    with pytest.raises(NotFound) as hidden:
        copies.approve(stranger, number)
    with pytest.raises(NotFound) as missing:
        copies.approve(stranger, "FS-2026-0099")
    assert hidden.value.message.replace(number, "FS-2026-0099") == missing.value.message
    for asked_for in (RECORD, copies.found(office, number).archive_no):
        with pytest.raises(NotFound):
            copies.request(stranger, asked_for, purpose=PURPOSE)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"purpose": " "}, InvalidInput, "没有写用途"),
        ({"purpose": "长" * 61}, InvalidInput, "用途"),
        ({"recipient": "长" * 31}, InvalidInput, "领用人"),
        ({"count": 51}, UsageError, "1到50"),
        ({"due": "2026-03-03"}, InvalidInput, "已经过了"),
    ],
)
def test_a_wrong_request_is_told(
    at: Callable[..., Office], changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    office = at()
    with pytest.raises(error, match=says):
        asked(office, **changes)
    assert asked(office) == "FS-2026-0001", "no number was lost"


def test_a_month_of_a_register_is_asked_for_by_its_archive_number(at: Callable[..., Office]) -> None:
    office = at()
    with pytest.raises(WrongState, match="登记簿的一行") as refused:
        copies.request(office, "QR758-10A-2025-00001", purpose=PURPOSE)
    archive_no = str(refused.value.remedy).split()[1].rstrip("，请写它")
    assert copies.request(office, archive_no, purpose=PURPOSE, recipient="示例员工").document_no.startswith("QR758-10A")
    for missing in ("QR758-01A-2025-00009", "750-KJ·KF·01·2025·D5-0099", "x"):
        with pytest.raises(NotFound):
            copies.request(office, missing, purpose=PURPOSE)


def test_what_was_destroyed_is_copied_no_more_but_its_copies_come_back(
    at: Callable[..., Office], tmp_path: Path
) -> None:
    office = at()
    out, waiting = approved(office), approved(office)
    issue(office, out, tmp_path / "out")
    with office.register.write() as tx:
        tx.records.change([RECORD], state=State.DESTROYED)
    for step in (lambda: asked(office), lambda: issue(office, waiting, tmp_path / "more")):
        with pytest.raises(WrongState, match="已经销毁"):
            step()
    assert copies.take_back(office, [out])[0].state is CopyState.RETURNED


def test_copies_come_back_one_by_one_and_late_ones_are_listed(at: Callable[..., Office], tmp_path: Path) -> None:
    number = approved(at(), count=2)
    first, second = issue(at(), number, tmp_path / "out")
    assert copies.list_requests(at(28), overdue=True) == []
    late = at(29)
    (overdue,) = copies.list_requests(late, overdue=True)
    assert overdue.overdue is True
    with pytest.raises(InvalidInput, match="早于发出"):
        copies.take_back(late, [first.copy_no], on="2026-03-03")
    (still,) = copies.take_back(late, [first.copy_no.lower()])
    assert (still.state, still.is_out) == (CopyState.ISSUED, True)
    with pytest.raises(WrongState, match="已经收回"):
        copies.take_back(late, [first.copy_no])
    (done,) = copies.take_back(late, [number])
    assert (done.state, {c.returned_on for c in done.copies}) == (CopyState.RETURNED, {"2026-04-02"})
    assert copies.list_requests(late, overdue=True) == []
    assert [e.detail["copy"] for e in events(late, "copy-return")] == [first.copy_no, second.copy_no]


def test_a_copy_with_a_password_opens_with_nothing_else(at: Callable[..., Office], tmp_path: Path) -> None:
    office = at()
    settings = office.settings.root / "qrecords.toml"
    settings.write_text(settings.read_text("utf-8").replace("open_password = false", "open_password = true"), "utf-8")
    office = at()
    (copy,) = issue(office, approved(office), tmp_path / "out")
    assert run("qpdf", f"--password={copy.password}", "--check", copy.path)
    for wrong in ("", copy.password.upper()):
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(copy.path, password=wrong)
    office.close()
    kept = [p for p in office.settings.root.rglob("*") if p.is_file() and copy.password.encode() in p.read_bytes()]
    assert kept == [], "the password is written down nowhere"


def test_a_file_in_the_way_is_not_replaced(at: Callable[..., Office], tmp_path: Path) -> None:
    office, path = at(), tmp_path / "out" / "FB-2026-00001.pdf"
    path.parent.mkdir()
    path.write_bytes(b"x")
    number = approved(office)
    with pytest.raises(WrongState, match="已经有了"):
        issue(office, number, path.parent)
    assert path.read_bytes() == b"x"
    assert issue(office, number, tmp_path / "other")[0].copy_no == "FB-2026-00001", "no number was lost"


def test_the_register_of_copies_is_a_workbook(at: Callable[..., Office], tmp_path: Path) -> None:
    office = at()
    issue(office, approved(office, purpose="=1+1", count=2), tmp_path / "out")
    copies.refuse(office, asked(office), reason="示例：不需要")
    book = copies.register_file(at(40), "register.xlsx", copies.list_requests(at(40)))
    rows = list(load_workbook(BytesIO(book)).active.iter_rows(min_row=2))
    assert [(r[0].value, r[2].value) for r in rows] == [
        ("FB-2026-00001", "逾期未还"), ("FB-2026-00002", "逾期未还"), (None, "未批准"),
    ]  # fmt: skip
    assert (rows[0][5].value, rows[0][5].data_type) == ("=1+1", "s"), "text, never a formula"
    with pytest.raises(UsageError, match="扩展名"):
        copies.register_file(office, "register.csv", [])


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize(
    "checkpoint",
    [
        pytest.param("copies.intent", marks=pytest.mark.slow),
        "copies.written",
        pytest.param("copies.committed", marks=pytest.mark.slow),
    ],
)
def test_a_crash_while_issuing_loses_no_number_and_leaves_a_trace(
    at: Callable[..., Office], tmp_path: Path, checkpoint: str
) -> None:
    office = at()
    number, out = approved(office, count=2), tmp_path / "out"
    killed_at(checkpoint, 1, office.settings.root, "copies", "issue", number, "--out", out, then=NOW)
    again = at()
    assert [e.outcome for e in events(again, "copy-issue")][:2] == ["begun", "begun"], "what may be out is in the log"
    if checkpoint == "copies.committed":
        with pytest.raises(WrongState, match="已发出"):
            issue(again, number, out)
    else:
        issue(again, number, out)
    (listed,) = copies.list_requests(again)
    assert [c.copy_no for c in listed.copies] == ["FB-2026-00001", "FB-2026-00002"]
    assert all(c.issued_at for c in listed.copies)
    assert sorted(p.name for p in out.iterdir()) == ["FB-2026-00001.pdf", "FB-2026-00002.pdf"]
    assert issue(again, approved(again), out)[0].copy_no == "FB-2026-00003"
    assert verify(again).problems == []


def test_the_commands(at: Callable[..., Office], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = at().settings.root
    cli = CommandLine(root, capsys)
    due = (datetime.now().astimezone() + timedelta(days=9)).date().isoformat()
    made = cli.json("copies", "request", RECORD, "--purpose", PURPOSE, "--due", due, "--for", "示例")["copy"]
    assert cli.json("copies", "approve", made["request_no"], "--no-print", "--extract")["copy"]["may_print"] is False
    (copy,) = cli.json("copies", "issue", made["request_no"], "--out", tmp_path / "out")["copies"]
    allowed = [x for x in run("qpdf", "--show-encryption", copy["path"]).splitlines() if x.endswith(": allowed")]
    assert allowed == ["extract for accessibility: allowed", "extract for any purpose: allowed"]
    assert copy["copy_no"] in cli("copies", "list").out
    assert cli.json("copies", "list", "-o", tmp_path / "x.xlsx", "--state", "issued")["path"]
    assert cli.json("copies", "return", copy["copy_no"])["copies"][0]["state"] == "returned"
    assert cli("copies", "approve", "FS-2026-0099", ok=False).status == 5
    history = cli("show", RECORD, "--history").out
    for step in ("申请副本", "批准副本", "发出副本（开始）", "发出副本", "收回副本"):
        assert step in history


def test_numbers_and_steps() -> None:
    assert (request_no(2026, 1), copy_no(2026, 23)) == ("FS-2026-0001", "FB-2026-00023")
    with pytest.raises(WrongState) as told:
        require_step(_any_request(CopyState.REQUESTED), "issue")
    assert "copies approve" in worded(told.value.remedy)


def _any_request(state: CopyState) -> Any:
    from qrecords.model.copies import CopyRequest

    return CopyRequest("FS-2026-0001", "a", "d", "p", 1, "", "r", state, "x", "2026-01-01T00:00:00+08:00")
