"""The register edited by hand: what decides anything is compared with the log before it is frozen, and in every check."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qrecords.office import Office
from qrecords.stores.register.audit import TAKEN_IN
from tests.conftest import CommandLine
from tests.laid import laid

NUMBER, OTHER = "QR758-06A-2025-00001", "QR758-06A-2025-00002"
FORGED = "reviewed_on = '2025-12-30', reviewed_by = '示例主管', opinion = '同意'"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CommandLine]:
    """Make an office the first time it is asked for; later tests get a copy of it as it was then."""
    made: dict[str, Path] = {}

    def as_made(cli: CommandLine, name: str, make: Callable[[], None]) -> CommandLine:
        if name not in made:
            make()
            made[name] = shutil.copytree(cli.root, tmp_path_factory.mktemp(name) / "office")
        else:
            shutil.rmtree(cli.root)
            laid(made[name], cli.root)
        return cli

    return as_made


@pytest.fixture
def kept(
    cli: CommandLine, once: Callable[..., CommandLine], sample: Callable[..., Any], write: Callable[..., Path]
) -> CommandLine:
    """Return an office with a report signed, submitted and reviewed, papers beside it, and one still a draft."""
    return once(cli, "kept", lambda: keep(cli, sample, write))


def keep(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> None:
    report = {
        k: v for k, v in sample("06A", notice_no=None, service_category="返厂维修").items() if "training" not in k
    }
    cli("fill", "10A", write(sample("10A")))
    report |= {"intake_record_no": "QR758-10A-2025-00001", "inspection_conclusion": "合格", "inspector": "示例检验员"}
    cli("fill", "06A", write([report, report | {"serial_no": "S-2"}]))
    picture = cli.root.parent / "照片.png"
    Image.effect_noise((200, 200), 50).save(picture)
    cli("attach", NUMBER, picture)
    cli("sign", NUMBER, "--kind", "服务人员签名", "--by", "示例工程师", "--on", "2025-12-01")
    cli("sign", NUMBER, "--kind", "用户签名", "--by", "示例用户", "--on", "2025-12-01", "--evidence", picture)
    cli("submit", NUMBER)
    cli("review", NUMBER, "--on", "2025-12-30")
    assert cli.json("verify")["problems"] == []


def edit(cli: CommandLine, statement: str) -> None:
    with closing(sqlite3.connect(cli.root / "archive" / "register.sqlite")) as register:
        assert register.execute(statement).rowcount, statement
        register.commit()


def told(cli: CommandLine, number: str) -> str:
    return "；".join(p["message"] for p in cli.json("verify", ok=False)["error"]["problems"] if p["source"] == number)


EDITS = {
    "a review forged on a draft": (f"UPDATE record SET state = 'reviewed', {FORGED} WHERE record_no = '{OTHER}'", "状态", OTHER),
    "a draft said to be submitted": (f"UPDATE record SET state = 'submitted' WHERE record_no = '{OTHER}'", "状态", OTHER),
    "a draft said to be void": (f"UPDATE record SET state = 'void' WHERE record_no = '{OTHER}'", "状态", OTHER),
    "the day of a review": (f"UPDATE record SET reviewed_on = '2026-01-04' WHERE record_no = '{NUMBER}'", "审查", NUMBER),
    "who reviewed": (f"UPDATE record SET reviewed_by = '别的主管' WHERE record_no = '{NUMBER}'", "审查", NUMBER),
    "the opinion": (f"UPDATE record SET opinion = '不同意' WHERE record_no = '{NUMBER}'", "审查", NUMBER),
    "a value": (
        f"UPDATE record SET \"values\" = json_set(\"values\", '$.fault_symptom', '改') WHERE record_no = '{NUMBER}'", "内容", NUMBER,
    ),
    "a signature taken away": (f"DELETE FROM signature WHERE record_no = '{NUMBER}' AND kind = 'engineer'", "签署", NUMBER),
    "another who signed": (f"UPDATE signature SET \"by\" = '别人' WHERE record_no = '{NUMBER}'", "签署", NUMBER),
    "the day of a signature": (f"UPDATE signature SET \"on\" = '2025-12-02' WHERE record_no = '{NUMBER}'", "签署", NUMBER),
    "a signature let lapse": (f"UPDATE signature SET lapsed = '2025-12-02' WHERE record_no = '{NUMBER}'", "签署", NUMBER),
    "a signature on another record": (
        f"UPDATE signature SET record_no = '{OTHER}' WHERE record_no = '{NUMBER}' AND kind = 'engineer'", "签署", OTHER,
    ),
    "a paper taken away": (f"DELETE FROM attached WHERE record_no = '{NUMBER}'", "附件", NUMBER),
    "the title": (f"UPDATE record SET title = '别的' WHERE record_no = '{NUMBER}'", "题名", NUMBER),
    "the customer": (f"UPDATE record SET customer_unit = '别的单位' WHERE record_no = '{NUMBER}'", "单位", NUMBER),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_a_check_finds_an_edit_of_a_record_on_its_way(kept: CommandLine, what: str) -> None:
    statement, word, number = EDITS[what]
    edit(kept, statement)
    assert word in told(kept, number)


@pytest.mark.office
@pytest.mark.parametrize("what", [w for w, (_, word, _) in EDITS.items() if word not in {"题名", "单位"}])
def test_nothing_edited_is_filed(kept: CommandLine, what: str) -> None:
    statement, word, number = EDITS[what]
    edit(kept, statement)
    for kind in ("服务人员签名", "用户签名") if number == OTHER and word == "状态" else ():
        kept("sign", OTHER, "--kind", kind, "--by", "示例", "--on", "2025-12-01", ok=False)
    refused = kept("file", number, ok=False)
    assert refused.status != 0
    assert kept.json("status")["items"] == 0
    if f"state = 'reviewed', {FORGED}" in statement or word in {"审查", "内容"}:
        assert "绕过 qrecords 改了登记库" in refused.err


@pytest.mark.parametrize("how", ["changed", "gone", "a link"])
def test_papers_that_wait_are_held_against_their_digest(kept: CommandLine, tmp_path: Path, how: str) -> None:
    (paper,) = (kept.root / "archive" / "evidence").glob("*.png")
    data = paper.read_bytes()
    kept("backup", tmp_path / "copy")
    paper.unlink()
    if how == "changed":
        paper.write_bytes(data + b"more")
    elif how == "a link":
        (tmp_path / "elsewhere.png").write_bytes(data)
        paper.symlink_to(tmp_path / "elsewhere.png")
    assert paper.name in told(kept, NUMBER)
    assert paper.name in kept("file", NUMBER, ok=False).err, "else the deep check condemns what was filed"
    again = kept("--json", "backup", tmp_path / "copy", ok=False)
    assert paper.name in again.out
    manifest = json.loads((tmp_path / "copy" / "backup.json").read_text(encoding="utf-8"))
    kept_there = manifest["files"][paper.relative_to(kept.root).as_posix()]
    assert paper.stem in str(kept_there), "what is spoiled here stays there as it was"


@pytest.fixture
def filed(kept: CommandLine, once: Callable[..., CommandLine]) -> CommandLine:
    """Return the office with a report filed in it, and an account beside the first."""
    return once(kept, "filed", lambda: put_away(kept))


def put_away(kept: CommandLine) -> None:
    kept("accounts", "add", "example", "--name", "示例某人")
    kept("accounts", "grant", "example", "engineer")
    kept("file", NUMBER)
    kept("retention", "hold", NUMBER, "--reason", "示例")


SEALED = {
    "a level raised": "UPDATE account SET clearance = 3 WHERE name = 'example'",
    "another role": "UPDATE role_grant SET role = 'archivist' WHERE account = 'example'",
    "a grant without an event": "INSERT INTO role_grant SELECT 99, account, 'archivist', unit, branch, since, until, "
    "granted_by, granted_at, '', '' FROM role_grant WHERE account = 'example'",
    "an account without an event": "INSERT INTO account SELECT 'other', '别人', NULL, active, unit, clearance, expires_on, "
    "created_at, password, password_set_at, must_change, failures, locked_until FROM account WHERE name = 'example'",
    "an account taken away": "DELETE FROM role_grant WHERE account = 'example'",
    "the pages of an item": "UPDATE item SET pages = 1, sha256 = 'x'",
    "the year of an item": "UPDATE item SET record_year = 2019",
    "the reason of a hold": "UPDATE hold SET reason = '别的'",
    "pages of a print": "UPDATE print SET pages = 9 WHERE pages > 0",
    "a series said to be numbered elsewhere": "INSERT INTO meta VALUES ('numbered-elsewhere/record/QR758-06A/2025', '1')",
    "a counter set back": "UPDATE counter SET last = last - 1 WHERE name LIKE 'archive/%'",
    "a counter of its own": "INSERT INTO counter VALUES ('copy/2025', 7)",
}


@pytest.mark.office
@pytest.mark.parametrize("what", SEALED)
def test_a_check_finds_what_is_otherwise_than_its_seal(filed: CommandLine, what: str) -> None:
    assert filed.json("verify")["problems"] == []
    edit(filed, SEALED[what])
    assert any("日志" in p["message"] for p in filed.json("verify", ok=False)["error"]["problems"])


def test_whose_rights_were_edited_does_nothing(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    cli("search", "示例")
    cli("complaints")  # the log begins with the first thing done
    edit(cli, "UPDATE account SET clearance = clearance + 1")
    answer = cli("fill", "01A", write(sample("01A")), ok=False)
    assert "与日志里的不同" in answer.err
    edit(cli, "UPDATE account SET clearance = clearance - 1")
    cli("fill", "01A", write(sample("01A")))


@pytest.mark.parametrize("noted", ["57", "1", f"{'0' * 32} 1", "x"])
def test_readings_are_logged_after_the_register_was_restored_alone(office: Office, noted: str) -> None:
    """What stands beside the register begins anew then; a number noted before must not hide it."""
    with office.register.write() as tx:
        tx.facts.set(TAKEN_IN, noted)
    for name in ("first", "second", "third"):
        office.register.set_aside([office.event("read", name)])
        with office.register.write() as tx:
            tx.audit.append([office.event("read", f"after {name}")])
    with office.register.read() as tx:
        told = [e.object for e in tx.audit.events() if e.action == "read"]
    assert told == ["first", "after first", "second", "after second", "third", "after third"]


@pytest.mark.office
@pytest.mark.parametrize("words", [["verify"], ["verify", "--deep"]], ids=" ".join)
@pytest.mark.parametrize("up", range(5), ids=["a file", "content", "a version", "an object", "the way to it"])
def test_what_is_replaced_by_a_link_is_found(filed: CommandLine, tmp_path: Path, words: list[str], up: int) -> None:
    """What it leads to is the same today."""
    pdf = next((filed.root / "archive" / "objects").rglob("form.pdf"))
    place = [pdf, *pdf.parents][up]
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    problems = filed.json(*words, ok=False)["error"]["problems"]
    assert any("链接" in p["message"] and place.name in p["message"] for p in problems)
