"""Destruction: what goes, what remains, and one test for each way to cheat."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader

from qrecords.errors import IntegrityFailure, InvalidInput, NotFound, NotPermitted, QRecordsError, WrongState
from qrecords.model.job import JobState
from qrecords.services import jobfiles, jobs, making
from qrecords.services.care.backup import backup, open_restored, restore
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.hold import hold, release
from qrecords.services.disposition.lists import approve, draw, lists, withdraw, witness
from qrecords.services.disposition.replay import replay
from qrecords.services.disposition.retention import due, extend
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.volumes.shelf import list_volumes
from qrecords.stores.blobs.foldermoves import FolderMoves
from tests.conftest import CommandLine
from tests.faulty_disk import blank_pdfs
from tests.retention_cheats import CHEATS
from tests.retention_office import (
    ALL,
    ITEM_A,
    ITEM_C,
    ITEM_ROWS,
    LAST_DAY,
    LIST_NO,
    NOW,
    ROWS,
    TODAY,
    VOLUME,
    WORD,
    A,
    B,
    C,
    People,
    copied,
    copied_witnessed,
    opened,
)
from tests.services.test_crash import assert_valid_ocfl

pytestmark = pytest.mark.office


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return copied_witnessed(tmp_path)


@pytest.fixture
def people(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    with opened(kept) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """The office before anything was appraised."""
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    with opened(copied(tmp_path / "fresh")) as found:
        yield found


def text_of(pdf: str) -> str:
    """The text of a PDF without blanks and line ends: cells are narrow."""
    return "".join("".join(page.extract_text() for page in PdfReader(pdf).pages).split())


def untouched(people: People) -> bool:
    """Nothing has gone: every record still has its values, and the office is sound."""
    shown = [show(people("甲"), number) for number in (A, B, C, *ROWS)]
    return all(len(record.values) > 1 for record in shown) and verify(people("甲")).problems == []


def refused(people: People, error: type[QRecordsError], match: str, executor: str = "戊") -> None:
    with pytest.raises(error, match=match):
        destroy(people(executor), LIST_NO)
    assert untouched(people)


# What goes and what remains


def test_what_is_destroyed_is_nowhere_what_remains_is_number_title_dates(kept: Path, tmp_path: Path) -> None:
    with opened(kept) as people:
        office = people("甲")
        assert search(office, WORD, Criteria()).total == 5
        job = jobs.start(people.office, "texts", {})
        with office.register.write() as tx:
            tx.jobs.end(job.key, JobState.DONE, office.now(), "")
        jobfiles.keep_made(office.workspace, job.key, 1, WORD.encode())
        backup(office, tmp_path / "backup")
        before = {number: show(office, number) for number in (A, B, C, *ROWS)}
        done = destroy(people("戊"), LIST_NO)
        assert (done.state, done.executed and done.executed.account) == ("destroyed", "戊")
        for number, record in before.items():
            after = show(office, number)
            assert after.state == "destroyed"
            assert (after.values, after.customer_unit, after.signatures) == ({"secrecy_level": "内部"}, "", ())
            assert all(
                getattr(after, key) == getattr(record, key)
                for key in ("title", "date", "record_year", "archive_no", "volume_code")
            )
        assert search(office, WORD, Criteria()).total == 0
        assert search(office, f"编号:{A}", Criteria()).total == 1, "its number is still found"
        assert verify(office, deep=True).problems == []
        assert due(office) == []
        (volume,) = list_volumes(office)
        assert (volume.volume_code, volume.pdf, volume.destroyed) == (VOLUME, "", LIST_NO)
        assert [event.action for event in show(office, C, history=True).history][-1] == "destroy"
        assert backup(office, tmp_path / "again").problems == []
    assert_valid_ocfl(kept)
    for path in kept.rglob("*"):
        assert not any(name in path.name for name in (A, B, C, *ROWS, "QR758-02A-2019-05")), path
        assert path.is_dir() or WORD.encode() not in path.read_bytes(), path
    paper = text_of(done.files["certificate.pdf"])
    for told in (
        "1册、4件",
        VOLUME,
        ITEM_C,
        ITEM_ROWS,
        "乙",
        "丙",
        "丁",
        "戊",
        TODAY,
        str(tmp_path / "backup"),
        "都已不在",
    ):
        assert told in paper, told


def test_the_list_has_the_columns_of_the_standard_on_paper_and_as_a_workbook(tmp_path: Path) -> None:
    with opened(copied(tmp_path)) as people:
        made = draw(people("甲"), ALL, "无继续保存价值")
    files = made.files
    paper = text_of(files["list.pdf"])
    columns = (
        "序号",
        "案卷或文件题名",
        "起止日期",
        "档号",
        "文号",
        "件数",
        "原保管",
        "已保管",
        "销毁原因",
        "密级",
        "备注",
    )
    hands = ("批准人", "档案负责人", "业务部门负责人", "经办人", "监销人")
    for told in (*columns, *hands, VOLUME, ITEM_ROWS, LIST_NO, made.sha256, LAST_DAY, "无继续保存价值"):
        assert told in paper, told
    book = openpyxl.load_workbook(files["list.xlsx"])
    rows = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert rows[1] == [
        "序号",
        "案卷或文件题名",
        "起止日期",
        "档号",
        "文号",
        "件数/页数",
        "原保管期限",
        "已保管期限",
        "销毁原因",
        "密级",
        "备注",
    ]
    assert {row[3] for row in rows[2:]} == {VOLUME, ITEM_C, ITEM_ROWS}
    assert rows[2][6:8] == ["5年", "6年"]


def test_certificate_and_tombstones_stay_with_the_list_for_ever(people: People, kept: Path) -> None:
    destroy(people("戊"), LIST_NO)
    archive = people.office.archive
    object_id = f"urn:qrecords:disposition:{LIST_NO}"
    assert [v.message for v in archive.versions(object_id)] == ["编制销毁清册", "销毁证明", "销毁结果"]
    stones = json.loads(archive.read(object_id, "tombstones.json"))["tombstones"]
    assert {stone["code"] for stone in stones} >= {VOLUME, ITEM_A, ITEM_C, ITEM_ROWS}
    assert {number for stone in stones for number in stone["records"]} == {A, B, C, *ROWS}
    assert json.loads(archive.read(object_id, "result.json"))["left"] == []


def test_an_object_that_comes_back_is_told(people: People, kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / "archive" / "objects", tmp_path / "objects")
    destroy(people("戊"), LIST_NO)
    shutil.copytree(tmp_path / "objects", kept / "archive" / "objects", dirs_exist_ok=True)
    told = [str(p.message) for p in verify(people("甲")).problems if "登记销毁" in str(p.message)]
    assert len(told) == 5


def test_a_list_is_destroyed_once(people: People) -> None:
    destroy(people("戊"), LIST_NO)
    with pytest.raises(WrongState, match="已销毁"):
        destroy(people("戊"), LIST_NO)
    for step in (lambda: draw(people("甲"), [VOLUME], "x"), lambda: hold(people("甲"), A, "x"), lambda: extend(people("甲"), [C], "2090-01-01", "x")):  # fmt: skip
        with pytest.raises(WrongState, match="销毁"):
            step()


# One for each way to cheat


def test_one_witness_twice(fresh: People) -> None:
    found = draw(fresh("甲"), ALL, "x")
    approve(fresh("乙"), LIST_NO)
    witness(fresh("丙"), LIST_NO, found.sha256, TODAY)
    with pytest.raises(NotPermitted, match="一人只算一次"):
        witness(fresh("丙"), LIST_NO, found.sha256, TODAY)
    refused(fresh, WrongState, "至少要2人")


@pytest.mark.parametrize("executor", ["丙", "丁"])
def test_a_witness_as_executor(people: People, executor: str) -> None:
    refused(people, NotPermitted, "不能又执行", executor)


def test_the_approver_as_witness_and_the_drawer_as_approver(fresh: People) -> None:
    found = draw(fresh("甲"), ALL, "x")
    with pytest.raises(NotPermitted, match="自己批准"):
        approve(fresh("甲"), LIST_NO)
    with pytest.raises(WrongState, match="待批准"):
        witness(fresh("丙"), LIST_NO, found.sha256, TODAY)
    refused(fresh, WrongState, "待批准")
    approve(fresh("乙"), LIST_NO)
    with pytest.raises(NotPermitted, match="又监销"):
        witness(fresh("乙"), LIST_NO, found.sha256, TODAY)


def test_early(fresh: People, kept: Path) -> None:
    # The clock stands at the filing's day or later: that is before the period is over.
    early = fresh.at(NOW.replace(year=2024, month=12, day=31))
    with pytest.raises(WrongState, match=LAST_DAY) as told:
        draw(early("甲"), ALL, "x")
    assert {p.source for p in told.value.problems} == {VOLUME, ITEM_C, ITEM_ROWS}


@pytest.mark.parametrize("subject", [A, VOLUME, ITEM_ROWS, "示例单位三"])
def test_on_hold(fresh: People, subject: str) -> None:
    hold(fresh("甲"), subject, "诉讼")
    with pytest.raises(WrongState, match="冻结中"):
        draw(fresh("甲"), ALL, "x")


def test_a_hold_between_approval_and_execution(people: People) -> None:
    hold(people("己"), B, "诉讼")
    refused(people, WrongState, "冻结中")
    release(people("甲"), B, "已结")
    assert destroy(people("戊"), LIST_NO).state == "destroyed"


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_once_the_list_is_witnessed(tmp_path: Path, name: str) -> None:
    cheat = CHEATS[name]
    with opened(cheat.start(tmp_path)) as people:
        cheat.do(people)
        with pytest.raises(cheat.error, match=cheat.told):
            destroy(people("戊"), LIST_NO)
        assert all(len(show(people("甲"), number).values) > 1 for number in (A, B, C, *ROWS)), "nothing has gone"
        found = verify(people.office, deep=cheat.deep).problems
        assert [p.source for p in found] == ([cheat.source] if cheat.source else [p.source for p in found])
        assert bool(found) == bool(cheat.source or cheat.message)
        assert not cheat.message or any(cheat.message in f"{p.source}：{p.message}" for p in found), found


def test_a_list_whose_paper_changed_is_told_and_withdrawn(people: People) -> None:
    CHEATS["the list's paper changed"].do(people)
    assert lists(people("甲"))[0].damage
    assert withdraw(people("甲"), LIST_NO, "清册被改过").state == "withdrawn"


def test_the_clock_set_back(people: People) -> None:
    with pytest.raises(WrongState, match="时钟"):
        destroy(people.at(NOW - timedelta(seconds=1))("戊"), LIST_NO)
    assert untouched(people)


def test_the_clock_set_forward(fresh: People) -> None:
    """Whoever moves the clock past the period meets witnesses who write down the day they live in."""
    forward, real = fresh.at(NOW + timedelta(days=365)), "2026-03-04"
    found = draw(forward("甲"), ALL, "x")
    approve(forward("乙"), found.list_no)
    with pytest.raises(InvalidInput, match="时钟"):
        witness(forward("丙"), found.list_no, found.sha256, real)
    with pytest.raises(WrongState, match="时钟"):
        witness(fresh("丙"), found.list_no, found.sha256, real)


def test_a_witness_who_has_not_the_list_before_him(fresh: People) -> None:
    found = draw(fresh("甲"), ALL, "x")
    approve(fresh("乙"), LIST_NO)
    for wrong in ("", found.sha256[:8], "0" * 64, found.sha256 + "0"):
        with pytest.raises(InvalidInput, match="校验码"):
            witness(fresh("丙"), LIST_NO, wrong, TODAY)
    assert len(witness(fresh("丙"), LIST_NO, found.sha256[:16].upper(), TODAY).witnesses) == 1


@pytest.mark.parametrize("number", [A, B, ITEM_A])
def test_a_bound_record_alone(fresh: People, number: str) -> None:
    with pytest.raises(WrongState, match="随册销毁"):
        draw(fresh("甲"), [number], "x")


def test_what_stands_on_an_open_list_is_on_no_other(people: People) -> None:
    with pytest.raises(WrongState, match=LIST_NO):
        draw(people("甲"), [VOLUME], "x")
    withdraw(people("甲"), LIST_NO, "要改")
    with pytest.raises(WrongState, match="已撤销"):
        destroy(people("戊"), LIST_NO)
    assert draw(people("甲"), [VOLUME], "x").list_no == "XH-2026-002"


def test_on_a_desk_of_one_nobody_can_destroy(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CommandLine(kept, capsys)
    cli("retention", "withdraw", LIST_NO, "--reason", "重来")
    made = cli.json("retention", "appraise", VOLUME, "--destroy", "--reason", "无价值")["list"]
    told = cli("retention", "approve", made["list_no"], ok=False)
    assert told.status == 4
    assert "添加账号" in told.err
    assert cli("retention", "destroy", made["list_no"], ok=False).status == 6
    assert cli("retention", "destroy", "XH-1999-001", ok=False).status == 5
    assert cli("retention", "appraise", VOLUME, "--reason", "x", ok=False).status == 2
    assert made["sha256"] in cli("retention", "lists").out


# A step that fails


def test_a_destruction_that_fails_says_what_is_still_there_and_goes_on(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def stubborn(moves: FolderMoves, home: str, trash: Path) -> bool:
        if len(taken) == 2:
            raise PermissionError(13, "x", home)
        taken.append(home)
        return whole(moves, home, trash)

    whole = FolderMoves.take_out
    with monkeypatch.context() as broken:
        broken.setattr(FolderMoves, "take_out", stubborn)
        with pytest.raises(QRecordsError, match="没有做完") as told:
            destroy(people("戊"), LIST_NO)
    still = [p.source for p in told.value.problems if p.message == "对象还在档案库里"]
    assert len(still) == 3
    with pytest.raises(WrongState, match="正在执行"):
        hold(people("甲"), "示例单位一", "太晚")
    with pytest.raises(WrongState, match="正在销毁"):
        withdraw(people("甲"), LIST_NO, "太晚")
    assert destroy(people("戊"), LIST_NO).state == "destroyed"
    assert verify(people("甲")).problems == []
    with pytest.raises(NotFound):
        Path(people.office.archive.called(f"urn:qrecords:item:{ITEM_A.replace('·', '.')}", "form.pdf"))


def restored(people: People, tmp_path: Path) -> Path:
    """A workspace restored from a backup that was made before the list was executed."""
    backup(people("甲"), tmp_path / "backup")
    destroy(people("戊"), LIST_NO)
    target = tmp_path / "restored"
    assert open_restored(target, restore(tmp_path / "backup", target), clock=lambda: NOW).problems == []
    return target


def later() -> datetime:
    return NOW.replace(year=2100)


def test_a_restored_backup_destroys_again_what_was_destroyed_after_it(people: People, tmp_path: Path) -> None:
    root = restored(people, tmp_path)
    with opened(root, later) as again:
        assert untouched(again)
        assert replay(again("戊"), people.root) == [LIST_NO]
        assert lists(again("甲"))[0].state == "destroyed"
        assert [show(again("甲"), number).state for number in (A, B, C, *ROWS)] == ["destroyed"] * 5
        assert verify(again("甲"), deep=True).problems == []
        assert replay(again("戊"), people.root) == []
    for path in root.rglob("*"):
        assert path.is_dir() or WORD.encode() not in path.read_bytes(), path


def test_a_replay_is_no_way_round_the_rules(people: People, fresh: People, tmp_path: Path) -> None:
    root = restored(people, tmp_path)
    with pytest.raises(WrongState, match="不是从备份恢复的"):
        replay(fresh("戊"), people.root)
    with opened(root, later) as again:
        with pytest.raises(IntegrityFailure, match="接不上"):
            replay(again("戊"), fresh.root)
        with pytest.raises(NotFound):
            replay(again("戊"), people.root / "forms")
        hold(again("甲"), B, "诉讼")
        with pytest.raises(WrongState, match="冻结中"):
            replay(again("戊"), people.root)
        release(again("乙"), B, "已结")
        (root / "retention.toml").write_text('[[longer]]\nyears = 30\nreason = "合同"\nform = "06A"', "utf-8")
        with pytest.raises(WrongState, match="还没有届满"):
            replay(again("戊"), people.root)
        assert untouched(again)
