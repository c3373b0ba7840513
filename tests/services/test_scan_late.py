"""Paper that comes after filing: the next version of the frozen object, never a silent change (QS/PA758A 5.5.5, 5.11.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qrecords.cli.wording import worded
from qrecords.desk.workspace import system_now
from qrecords.errors import IntegrityFailure, InvalidInput, NotPermitted, QRecordsError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.render.pdf import Converter
from qrecords.scanning import ocr
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.hold import hold
from qrecords.services.freezing import shown_kind
from qrecords.services.scans import recognise
from qrecords.services.scans.attach import attach
from qrecords.services.scans.scan import scan
from qrecords.services.scans.sheets import known_print
from qrecords.services.scans.signing import require_acceptable
from qrecords.services.steps import sign
from qrecords.services.volumes.arranging import groups_of, pieces_of
from qrecords.services.volumes.compile import compile_year
from qrecords.stores import durable
from qrecords.stores.archive import Archive
from qrecords.stores.given import on_disk
from tests import paper
from tests.conftest import CommandLine
from tests.faulty_disk import blank_convert
from tests.retention_office import (
    ITEM_C,
    ITEM_ROWS,
    LIST_NO,
    MONTH,
    NOTICE,
    ROWS,
    A,
    B,
    C,
    copied,
    copied_witnessed,
    information,
    opened,
)
from tests.retention_office import call as one_call
from tests.services.test_crash import assert_valid_ocfl
from tests.services.test_importing import listed, picture
from tests.services.test_rebuild import lose_register, table
from tests.services.test_scan_crash import sheet

pytestmark = pytest.mark.office

SEAL = ("--kind", "customer-seal", "--by", "示例单位三", "--on", "2020-01-10")
SHEET = f"QR758-02A-{MONTH}"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """The office of tests/retention_office.py: A bound, C filed and corrected, a month of calls filed; no recognition."""
    monkeypatch.setattr(ocr, "is_available", lambda: False)
    yield CommandLine(copied(tmp_path), capsys)


def assert_sound(cli: CommandLine) -> None:
    assert cli.json("verify", "--deep")["problems"] == []
    assert_valid_ocfl(cli.root)
    assert cli.json("status")["under_way"] == 0
    assert list((cli.root / "archive" / "staging").iterdir()) == []


def frozen(cli: CommandLine, number: str) -> list[dict[str, Any]]:
    """Return every version of a record's item: its files by name, and record.json."""
    (item,) = table(cli.root, "item", f"archive_no = (SELECT archive_no FROM record WHERE record_no = '{number}')")
    archive = Archive(cli.root / "archive")
    found = []
    for version in range(1, item["version"] + 1):
        names = archive.names(item["object_id"], version)
        files = {name: Path(archive.called(item["object_id"], name, version)) for name in names}
        found.append({"files": files, "record": json.loads(files["record.json"].read_text("utf-8"))})
    return found


def archived(cli: CommandLine, number: str, version: int, target: Path) -> Path:
    """Scan the archived form of a version, as it comes out of the printer."""
    pages = paper.drawn(frozen(cli, number)[version - 1]["files"]["form.pdf"], 150)
    return paper.bundle(pages, target, 150)


def papers(version: dict[str, Any]) -> dict[str, bytes]:
    """Return what lies beside the form in a version."""
    return {n: p.read_bytes() for n, p in version["files"].items() if n.startswith(("scans/", "attachments/"))}


def photo(path: Path, grey: int = 200) -> Path:
    Image.new("L", (300, 200), grey).save(path)
    return path


def test_the_archived_form_signed_later_is_the_next_version_and_nothing_else_changes(
    cli: CommandLine, tmp_path: Path
) -> None:
    before = frozen(cli, C)
    scan = archived(cli, C, 2, tmp_path / "signed.pdf")
    (told,) = cli.json("scan", scan, *SEAL)["attached"]
    assert told["versions"] == [{"archive_no": ITEM_C, "version": 3}]
    record = cli.json("show", C, "--history")["record"]
    assert (record["state"], record["item"]["version"]) == ("filed", 3)
    seal = record["signatures"][-1]
    assert (seal["kind"], seal["by"], seal["on"]) == ("customer-seal", "示例单位三", "2020-01-10")
    assert record["attached"][-1]["sha256"] == seal["evidence_sha256"]
    assert record["attached"][-1]["added_by"]
    one, two, three = frozen(cli, C)
    assert [one, two] == before, "what was frozen stays"
    assert all(three["files"][name] == path for name, path in two["files"].items() if name != "record.json")
    (new,) = three["files"].keys() - two["files"].keys()
    assert new.startswith("scans/") and new.endswith("-customer-seal.pdf")
    (was,), (now,) = two["record"].pop("records"), three["record"].pop("records")
    assert two["record"] == three["record"]
    assert {key for key in now if now[key] != was[key]} == {"signatures", "attached"}
    assert now["signatures"][-1]["recorded_by"] == seal["recorded_by"] != ""
    assert [v["message"] for v in record["versions"]][2] == f"补存扫描件 {C}/3"
    (event,) = [e for e in record["history"] if e["detail"].get("version") == 3]
    assert (event["action"], event["detail"]["archive_no"]) == ("sign", ITEM_C)
    assert "示例单位三" not in json.dumps(event["detail"], ensure_ascii=False), "the log holds hashes, not names"
    assert cli.json("search", "签署:示例单位三")["total"] == 1
    again = cli.json("scan", scan, *SEAL)
    assert (again["attached"], cli.json("show", C)["record"]["item"]["version"]) == ([], 3), "a second time: nothing"
    assert_sound(cli)


def test_a_print_whose_values_were_corrected_since_is_refused_and_says_which(cli: CommandLine, tmp_path: Path) -> None:
    ran = cli("--json", "scan", archived(cli, C, 1, tmp_path / "old.pdf"), *SEAL, ok=False)
    assert ran.status == 3
    (problem,) = ran.json["refused"][0]["problems"]
    assert (problem["source"], "现在是「更正，" in problem["message"]) == (C, True)
    assert cli.json("show", C)["record"]["item"]["version"] == 2


def test_a_months_sheet_goes_to_its_item_once_and_a_better_scan_beside_it(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli.json("scan", archived(cli, ROWS[0], 1, tmp_path / "month.pdf"))
    assert [(a["record_no"], a["versions"]) for a in answer["attached"]] == [
        (SHEET, [{"archive_no": ITEM_ROWS, "version": 2}])
    ]
    clearer = paper.bundle(paper.drawn(tmp_path / "month.pdf", 200), tmp_path / "clearer.pdf", 200)
    cli.json("scan", clearer)
    files = [{name for name in v["files"] if name.startswith("scans/")} for v in frozen(cli, ROWS[1])]
    assert files == [set(), {f"scans/{SHEET}-2.pdf"}, {f"scans/{SHEET}-2.pdf", f"scans/{SHEET}-2-2.pdf"}]
    for number in ROWS:
        assert len(cli.json("show", number)["record"]["attached"]) == 2
    assert_sound(cli)


def test_a_sheet_that_shows_filed_and_open_rows_is_attached_to_all_of_them(
    cli: CommandLine, tmp_path: Path, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    cli("fill", "02A", write(one_call(3)))
    (printed,) = cli.json("print", "02A", "--month", MONTH)["prints"]
    sheet(tmp_path / "month.png", printed["print_id"])
    (told,) = cli.json("scan", tmp_path / "month.png")["attached"]
    assert told["records"] == [*ROWS, "QR758-02A-2019-00003"]
    kept = [cli.json("show", number)["record"]["attached"] for number in told["records"]]
    assert len({a["sha256"] for (a,) in kept}) == 1
    assert cli.json("show", ROWS[0])["record"]["item"]["version"] == 2
    again = cli.json("scan", tmp_path / "month.png")
    assert (again["attached"], len(again["notes"])) == ([], 2)
    assert_sound(cli)


@pytest.mark.slow
def test_a_waiting_page_completes_a_filed_print(cli: CommandLine, tmp_path: Path) -> None:
    pages = paper.drawn(frozen(cli, C)[1]["files"]["form.pdf"], 150)
    first = cli.json("scan", paper.bundle(pages[1:], tmp_path / "rest.pdf", 150), *SEAL)
    assert first["attached"] == [] and len(first["unmatched"]) == len(pages) - 1
    pages[0].paste(90, (int(pages[0].width * 0.75), 0, pages[0].width, int(pages[0].height * 0.13)))
    (lost,) = cli.json("scan", paper.bundle(pages[:1], tmp_path / "first.pdf", 150))["unmatched"]
    (told,) = cli.json("scan-assign", lost["page"], C, *SEAL)["attached"]
    assert (told["pages"], told["versions"][0]["version"]) == (len(pages), 3)
    assert list((cli.root / "archive" / "inbox" / "unmatched").iterdir()) == []
    assert_sound(cli)


def test_what_is_there_already_is_refused_and_makes_no_version(cli: CommandLine, tmp_path: Path) -> None:
    one, other = photo(tmp_path / "照片.png"), photo(tmp_path / "另一张.png", 150)
    answer = cli.json("attach", C, one)
    assert answer["record"]["version"] == 3
    ran = cli("attach", C, one, other, ok=False)
    assert (ran.status, "照片.png 已经附在" in ran.err) == (6, True)
    sealed = cli.json("show", C)["record"]["signatures"][0]
    again = ("--kind", sealed["kind"], "--by", sealed["by"], "--on", sealed["on"])
    assert cli("sign", C, *again, ok=False).status == 6
    assert cli("sign", C, NOTICE, *SEAL, ok=False).status == 6, "filed and not filed together: none"
    assert cli("attach", C, tmp_path / "gone.png", ok=False).status == 3
    assert cli.json("show", C)["record"]["item"]["version"] == 3
    assert cli.json("search", "附件:照片")["total"] == 1


def test_evidence_goes_to_the_signature_registered_without_it(cli: CommandLine, tmp_path: Path) -> None:
    cli("sign", C, *SEAL)
    before = cli.json("show", C)["record"]["signatures"]
    cli("sign", C, "--kind", "customer-seal", "--by", "示例单位三", "--evidence", photo(tmp_path / "公章页.png"))
    after = cli.json("show", C)["record"]["signatures"]
    assert len(after) == len(before)
    assert (after[-1]["on"], after[-1]["evidence"]) == ("2020-01-10", "公章页.png"), "of the day registered"
    assert [len(v["record"]["records"][0]["signatures"]) for v in frozen(cli, C)] == [3, 3, 4, 4]
    assert frozen(cli, C)[3]["files"][f"scans/{C}-4-customer-seal.png"].read_bytes()
    assert cli.json("search", "附件:公章页")["total"] == 1
    assert_sound(cli)


def test_the_log_says_that_late_paper_is_of_the_signature_registered(cli: CommandLine, tmp_path: Path) -> None:
    cli("sign", C, *SEAL)
    registered = cli.json("show", C)["record"]["signatures"][-1]
    cli("scan", archived(cli, C, 3, tmp_path / "signed.pdf"), *SEAL)
    record = cli.json("show", C, "--history")["record"]
    assert record["signatures"][-1]["recorded_at"] == registered["recorded_at"]
    assert len(record["signatures"]) == 4
    (event,) = [e for e in record["history"] if e["detail"].get("version") == 4]
    assert event["detail"]["proves"] == registered["recorded_at"]
    assert_sound(cli)


def test_late_paper_of_another_name_or_day_is_a_question(cli: CommandLine, tmp_path: Path) -> None:
    cli("sign", C, *SEAL)
    scan = archived(cli, C, 3, tmp_path / "signed.pdf")
    for said in (("--by", "示例单位四", "--on", "2020-01-10"), ("--by", "示例单位三", "--on", "2020-01-11")):
        asked = (scan, "--kind", "customer-seal", *said)
        (refused,) = cli("--json", "scan", *asked, ok=False).json["refused"]
        assert "是不是同一个签署" in refused["problems"][0]["message"]
        assert cli.json("show", C)["record"]["item"]["version"] == 3
    told = cli(
        "sign", C, "--kind", "customer-seal", "--by", "示例单位四", "--evidence", photo(tmp_path / "p.png"), ok=False
    )
    assert (told.status, "--further" in told.err) == (3, True)
    cli("scan", scan, "--kind", "customer-seal", "--by", "示例单位四", "--on", "2020-01-10", "--further")
    seals = [s for s in cli.json("show", C)["record"]["signatures"] if s["kind"] == "customer-seal"]
    assert [(s["by"], bool(s["evidence_sha256"])) for s in seals][-2:] == [("示例单位三", False), ("示例单位四", True)]
    assert_sound(cli)


def test_a_hold_does_not_hinder_and_what_is_destroyed_takes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr(ocr, "is_available", lambda: False)
    cli = CommandLine(copied_witnessed(tmp_path), capsys)
    scans = [archived(cli, C, 2, tmp_path / "c.pdf"), archived(cli, ROWS[0], 1, tmp_path / "month.pdf")]
    with opened(cli.root) as people:
        destroy(people("戊"), LIST_NO)
    picture = photo(tmp_path / "照片.png")
    for words in (("attach", C, picture), ("attach", ROWS[0], picture), ("attach", A, picture), ("sign", C, *SEAL)):
        ran = cli(*words, ok=False)
        assert (ran.status, "已销毁" in ran.err) == (6, True)
    ran = cli("--json", "scan", *scans, *SEAL, ok=False)
    assert (ran.status, len(ran.json["refused"]), ran.json["unmatched"]) == (3, 2, [])
    assert not list((cli.root / "archive" / "evidence").glob("*"))

    other = CommandLine(copied(tmp_path / "held"), capsys)
    with opened(other.root) as people:
        hold(people("甲"), C, reason="示例：有争议")
    assert other.json("attach", C, picture)["record"]["version"] == 3
    assert_sound(other)


def test_after_filing_it_is_the_archivists_right(cli: CommandLine, tmp_path: Path) -> None:
    picture = photo(tmp_path / "照片.png")
    with opened(cli.root) as people:
        office = people.office
        by = {
            role: replace(office, account=Account(role, role, None, grants=(Grant(role),)))
            for role in ("clerk", "supervisor", "archivist")
        }
        for role in ("clerk", "supervisor"):
            with pytest.raises(NotPermitted) as refused:
                attach(by[role], ROWS[0], [on_disk(picture)], recognise=False)
            assert "由归档人补存" in refused.value.message
            assert "归档人（archivist）" in str(refused.value.remedy)
        with pytest.raises(NotPermitted):
            sign(by["supervisor"], [C], kind="customer-seal", by="示例单位三")
        _, version, _ = attach(by["archivist"], ROWS[0], [on_disk(picture)], recognise=False)
        assert version == 2
        sign(by["archivist"], [C], kind="customer-seal", by="示例单位三", evidence=on_disk(picture))
        with office.register.read() as tx:
            refusals = [e.action for e in tx.audit.events(ROWS[0]) if e.outcome == "refused"]
    assert refusals == ["file", "file"]


def test_a_register_changed_by_hand_is_not_frozen_anew(cli: CommandLine, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(cli.root / "archive" / "register.sqlite")) as register:
        register.execute("UPDATE signature SET by = '别人' WHERE record_no = ?", (C,))
        register.commit()
    ran = cli("attach", C, photo(tmp_path / "照片.png"), ok=False)
    assert (ran.status, "与归档时不同" in ran.err) == (7, True)
    assert cli.json("show", C)["record"]["item"]["version"] == 2
    assert not list((cli.root / "archive" / "evidence").glob("*.png"))


def reads(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", lambda images, progress=None: [text] * len(images))


def test_the_text_read_afterwards_is_searched_and_stored_with_the_object(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cli.json("attach", C, photo(tmp_path / "照片.png"))
    assert answer["notes"] == [worded(recognise.ABSENT)]
    reads(monkeypatch, "传真上的文字")
    cli.json("attach", ROWS[0], photo(tmp_path / "传真.png", 150))
    for number, name in ((C, "照片.png"), (ROWS[0], "传真.png")):
        *_, added, read = frozen(cli, number)
        (text,) = read["files"].keys() - added["files"].keys()
        assert (text.startswith("attachments/"), text.endswith(f"{name}.txt")) == (True, True)
        assert read["files"][text].read_text("utf-8") == "传真上的文字"
        assert read["record"] == added["record"]
    assert cli.json("search", "扫描件:传真上的文字")["total"] == 2
    versions = cli.json("show", C, "--history")["record"]["versions"]
    assert [v["message"] for v in versions][2:] == ["补存附件 照片.png", "存入扫描件、附件上识别出的文字"]
    assert_sound(cli)
    assert cli.json("scan", photo(tmp_path / "nothing.png", 90))["notes"] == []
    assert cli.json("show", C)["record"]["item"]["version"] == 4, "once"


def test_a_bound_record_goes_into_a_supplement_but_not_for_its_text_alone(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.json("attach", A, photo(tmp_path / "照片.png"))
    assert cli.json("show", A)["record"]["state"] == "bound"
    (supplement,) = cli.json("compile", 2019, "--form", "01A")["volumes"]
    places = cli.json("volume", "find", A)["places"]
    assert [(p["version"], p["volume_code"] == supplement["volume_code"]) for p in places] == [(1, False), (2, True)]
    reads(monkeypatch, "照片上的文字")
    cli("scan", photo(tmp_path / "nothing.png", 90))
    assert cli.json("search", "扫描件:照片上的文字")["total"] == 1
    assert cli.json("compile", 2019, "--form", "01A")["volumes"] == [], "found, and not bound once more"
    assert cli.json("volume", "verify")["problems"] == []
    cli("attach", A, photo(tmp_path / "另一张.png", 150), "--no-ocr")
    texts = [name for name in frozen(cli, A)[2]["files"] if name.endswith(".txt")]
    assert texts == [f"attachments/{A}-1-照片.png.txt"], "it comes with the next version"
    assert_sound(cli)


def test_a_file_that_changes_while_it_is_kept_is_not_frozen(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(tmp_path / "照片.png")
    with opened(cli.root) as people, monkeypatch.context() as patched:
        patched.setattr(durable, "checkpoint", lambda at: at == "add.intent" and photo(picture, 10))
        with pytest.raises(InvalidInput, match="刚被改动"):
            attach(people.office, C, [on_disk(picture)], recognise=False)
    assert cli.json("show", C)["record"]["item"]["version"] == 2
    assert_sound(cli)


@pytest.mark.slow
def test_a_step_that_stores_texts_and_breaks_off_is_finished_or_done_again(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(at: str) -> None:
        if at == where:
            raise Killed

    asked = []
    for where, version in (("add.intent", 3), ("publish.version_in", 4)):
        root = tmp_path / where
        office_cli = CommandLine(copied(root), cli._capsys)
        office_cli("attach", C, photo(root / "照片.png"))
        reads(monkeypatch, "照片上的文字")
        with opened(office_cli.root, clock=system_now) as people, monkeypatch.context() as patched:
            patched.setattr(durable, "checkpoint", dies)
            with pytest.raises(Killed):
                recognise.recognise_unread(people.office)
        monkeypatch.setattr(ocr, "recognise", lambda images, progress=None: asked.append(images) or [""])
        assert office_cli.json("show", C)["record"]["item"]["version"] == version
        with opened(office_cli.root, clock=system_now) as people:
            recognise.recognise_unread(people.office)
        monkeypatch.setattr(ocr, "is_available", lambda: False)
        assert office_cli.json("show", C)["record"]["item"]["version"] == 4
        assert office_cli.json("search", "扫描件:照片上的文字")["total"] == 1
        assert asked == [], "nothing is read a second time"
        assert_sound(office_cli)


def test_a_rebuilt_register_has_it_all_again_and_goes_on(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any
) -> None:
    reads(monkeypatch, "照片上的文字")
    cli("scan", archived(cli, C, 2, tmp_path / "signed.pdf"), *SEAL)
    cli("attach", C, photo(tmp_path / "照片.png"))
    cli("attach", A, photo(tmp_path / "照片.png"))
    cli("sign", C, "--kind", "engineer", "--by", "示例工程师", "--on", "2020-01-10", "--further")
    cli("attach", ROWS[1], photo(tmp_path / "没有识别.png", 70), "--no-ocr")
    before = {name: table(cli.root, name, f"record_no = '{C}'") for name in ("signature", "attached")}
    lose_register(cli.root)
    for path in (cli.root / "archive" / "evidence").iterdir():
        path.unlink()
    assert cli.json("rebuild")["problems"] == []
    for name, rows in before.items():
        assert table(cli.root, name, f"record_no = '{C}'") == rows, name
    assert cli.json("search", "扫描件:照片上的文字")["total"] == 2
    reads(monkeypatch, "后来识别的文字")
    cli("scan", photo(tmp_path / "nothing.png", 90))
    assert cli.json("search", "扫描件:后来识别的文字")["total"] == 1, "read off what the object holds"
    old = cli("--json", "scan", archived(cli, C, 1, tmp_path / "old.pdf"), *SEAL, ok=False)
    assert "更正，" in old.json["refused"][0]["problems"][0]["message"], "the archived forms are known again"
    clearer = paper.drawn(archived(cli, C, 2, tmp_path / "again.pdf"), 200)
    (told,) = cli.json("scan", paper.bundle(clearer, tmp_path / "clearer.pdf", 200), *SEAL)["attached"]
    assert told["versions"][0]["version"] == 8
    cli("attach", A, photo(tmp_path / "另一张.png", 150), "--no-ocr")
    newest = papers(frozen(cli, A)[-1])
    assert len(newest) == 3, "two pictures, and the text of one"
    cli("correct", A, write({"reply_content": "示例：再答复"}), "--reason", "示例")
    assert papers(frozen(cli, A)[-1]) == newest, "a correction takes from the object what waits nowhere else"
    assert_sound(cli)


def test_scans_do_not_stand_for_a_form_that_was_corrected(cli: CommandLine, tmp_path: Path) -> None:
    cli.json("scan", archived(cli, C, 2, tmp_path / "whole.pdf"), *SEAL)
    with opened(cli.root) as people, people.office.register.read() as tx:
        (group,) = groups_of(people.office, "06A")
        (piece,) = pieces_of(people.office, tx, group, 2019)
    assert max(file.pages for file in piece.files[:-1]) == piece.item.pages, "a scan of the whole paper"
    assert piece.files[-1].name == "form.pdf", "else nobody sees the correction on paper"


def test_past_paper_takes_papers_too_and_a_late_scan_is_bound_behind_it(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "past"
    folder.mkdir()
    picture(folder / "a.png")
    rows = [("07A", "旧-7", "2018-03-05", "示例单位一", "示例：开通", "a.png")]
    (made,) = cli.json("import", listed(folder, rows), "--as-filed", "--no-ocr")["records"]
    number = made["record_no"]
    assert cli("attach", number, folder / "a.png", ok=False).status == 6, "it is its form"
    assert cli.json("attach", number, photo(tmp_path / "照片.png"))["record"]["version"] == 2
    cli("sign", number, "--kind", "customer-seal", "--by", "示例单位一", "--evidence", photo(tmp_path / "章.png", 90))
    one, two, three = frozen(cli, number)
    assert one["files"]["form.pdf"] == two["files"]["form.pdf"] == three["files"]["form.pdf"]
    with opened(cli.root) as people, people.office.register.read() as tx:
        (group,) = groups_of(people.office, "07A")
        (piece,) = pieces_of(people.office, tx, group, 2018)
    assert [file.name for file in piece.files] == ["form.pdf", f"scans/{number}-1-customer-seal.png"]
    assert_sound(cli)


def test_a_scan_of_another_paper_does_not_stand_for_the_form(cli: CommandLine, tmp_path: Path) -> None:
    receipt = paper.bundle([Image.new("L", (600, 800), 90)] * 3, tmp_path / "接收单.pdf", 72)
    cli("sign", A, "--kind", "quality-receipt", "--by", "示例质量员", "--on", "2020-01-10", "--evidence", receipt)
    with opened(cli.root) as people, people.office.register.read() as tx:
        (group,) = groups_of(people.office, "01A")
        (piece,) = pieces_of(people.office, tx, group, 2019)
    assert piece.item.pages <= 3, "as many pages as the form"
    assert [file.name for file in piece.files] == ["form.pdf", f"scans/{A}-1-quality-receipt.pdf"]


def test_what_a_scan_shows_is_known_by_its_name() -> None:
    shown = {
        f"scans/{A}-1-quality-receipt.pdf": "quality-receipt",
        f"scans/{A}-12-customer-seal-2.png": "customer-seal",
        f"scans/{A}-2.pdf": "",
        f"scans/{A}-2-2.pdf": "",
        f"scans/{SHEET}-2.pdf": "",
        f"scans/{SHEET}-2-2.pdf": "",
    }
    assert {name: shown_kind(name) for name in shown} == shown


def test_a_damaged_item_keeps_no_other_text_from_its_object(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("attach", C, photo(tmp_path / "照片.png"))
    cli("attach", ROWS[0], photo(tmp_path / "传真.png", 150))
    next(path for name, path in frozen(cli, C)[-1]["files"].items() if name.endswith("照片.png")).unlink()
    reads(monkeypatch, "后来识别的文字")
    for _ in range(2):
        answer = cli.json("scan", photo(tmp_path / "nothing.png", 90))
        assert (answer["notes"], len(answer["unmatched"])) == ([], 1)
    assert [name for name in frozen(cli, ROWS[0])[-1]["files"] if name.endswith(".txt")], "the others have theirs"
    assert cli.json("show", C)["record"]["item"]["version"] == 3
    assert cli.json("search", "扫描件:后来识别的文字")["total"] == 2, "found all the same"


@pytest.mark.parametrize("error", [WrongState(f"{C} 正在归档"), IntegrityFailure(f"{C} 缺文件 record.json")])
def test_texts_that_cannot_be_stored_undo_nothing_and_name_nothing(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: QRecordsError
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(recognise, "keep_texts", fails)
    reads(monkeypatch, "照片上的文字")
    answer = cli.json("attach", C, photo(tmp_path / "照片.png"))
    assert (answer["record"]["version"], answer["notes"]) == (3, [worded(recognise.LEFT)])
    assert C not in worded(recognise.LEFT)


def test_a_text_makes_no_version_of_what_is_being_bound(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    cli("attach", C, photo(tmp_path / "照片.png"))
    reads(monkeypatch, "照片上的文字")
    with opened(cli.root, clock=system_now) as people:
        with monkeypatch.context() as patched:
            read = {"compile.matter": lambda: recognise.recognise_unread(people("乙"))}
            patched.setattr(durable, "checkpoint", lambda at: read.pop(at, lambda: [])())
            compile_year(people("甲"), 2019, form_code="06A")
        assert not read, "read while it was bound"
        assert compile_year(people("甲"), 2019, form_code="06A").volumes == [], "no supplement for a text alone"
    assert cli.json("show", C)["record"]["item"]["version"] == 3
    assert cli.json("search", "扫描件:照片上的文字")["total"] == 1


def test_one_scan_does_not_prove_signatures_of_several_days(cli: CommandLine, tmp_path: Path) -> None:
    receipt, scan = ("--kind", "quality-receipt", "--by", "示例质量员"), photo(tmp_path / "接收单.png")
    cli("sign", A, *receipt, "--on", "2020-01-10")
    cli("sign", B, *receipt, "--on", "2020-01-13")
    ran = cli("--json", "sign", A, B, *receipt, "--evidence", scan, ok=False)
    assert (ran.status, "--on" in ran.json["error"]["remedy"]) == (2, True)
    told = {p["source"]: p["message"] for p in ran.json["error"]["problems"]}
    assert told == {A: "登记的是 示例质量员 2020-01-10", B: "登记的是 示例质量员 2020-01-13"}
    assert [cli.json("show", no)["record"]["item"]["version"] for no in (A, B)] == [2, 2], "none was touched"
    other = ("--kind", "quality-receipt", "--by", "另一示例质量员")
    assert cli("sign", A, B, *other, "--evidence", scan, ok=False).status == 2
    cli("sign", B, *receipt, "--on", "2020-01-10")
    cli("sign", A, B, *receipt, "--evidence", scan)
    for number, days in ((A, ["2020-01-10"]), (B, ["2020-01-13", "2020-01-10"])):
        signatures = cli.json("show", number)["record"]["signatures"]
        assert [s["on"] for s in signatures] == days
        assert [s["on"] for s in signatures if s["evidence"]] == ["2020-01-10"]


def test_a_print_without_the_right_to_it_is_refused_by_name_and_the_others_are_attached(
    cli: CommandLine, tmp_path: Path, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    cli("fill", "02A", write(one_call(3)))
    (month,) = cli.json("print", "02A", "--month", MONTH)["prints"]
    (made,) = cli.json("fill", "01A", write(information(5, "示例单位五")))["records"]
    (alone,) = cli.json("print", made["record_no"])["prints"]
    sheet(tmp_path / "1-month.png", month["print_id"])
    sheet(tmp_path / "2-alone.png", alone["print_id"])
    with opened(cli.root, clock=system_now) as people:
        clerk = replace(people.office, account=Account("clerk", "clerk", None, grants=(Grant("clerk"),)))
        pages = [tmp_path / "1-month.png", tmp_path / "2-alone.png"]
        found = scan(clerk, [*map(on_disk, pages)], recognise=False)
        assert [a.record_no for a in found.attached] == [made["record_no"]]
        (refused,) = found.refused
        assert [p.source for p in refused.problems] == list(ROWS), "the row that is not filed stands in no one's way"
        assert all("由归档人补存" in str(p.message) for p in refused.problems)
        with people.office.register.read() as tx:
            logged = [[e.action for e in tx.audit.events(no) if e.outcome == "refused"] for no in ROWS]
        assert logged == [["file"], ["file"]]
        known = known_print(clerk, SHEET, int(month["print_id"].rpartition("/")[2]))
        assert known
        with pytest.raises(NotPermitted):
            require_acceptable(clerk, known)
    assert cli.json("show", ROWS[0])["record"]["item"]["version"] == 1
