"""What must not go wrong between two steps: a restored register, a lost one, moves during a filing, tampering."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import WrongState
from qrecords.services import documents
from qrecords.services.administer import open_office
from qrecords.services.care.verify import verify
from qrecords.services.file import file_all
from qrecords.services.steps import send_back, void
from qrecords.stores import durable
from tests.conftest import CommandLine
from tests.dying import killed_at

pytestmark = pytest.mark.office

FIRST, SECOND = "QR758-01A-2025-00001", "QR758-01A-2025-00002"


@pytest.fixture
def reviewed(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    entries = [sample("01A", received_at=f"2025-03-0{n} 09:00", source_record_no=None, channel="电话") for n in (1, 2)]
    cli("fill", "01A", write(entries))
    cli("submit", FIRST, SECOND)
    cli("review", FIRST, SECOND, "--on", "2025-12-31")
    return cli


def register_of(cli: CommandLine) -> Path:
    return cli.root / "archive" / "register.sqlite"


def backup(cli: CommandLine) -> Path:
    kept = cli.root / "kept.sqlite"
    _copy(register_of(cli), kept)
    return kept


def restore(cli: CommandLine, kept: Path) -> None:
    _copy(kept, register_of(cli))


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def test_an_older_register_never_takes_over_another_records_object(reviewed: CommandLine) -> None:
    kept = backup(reviewed)
    reviewed("file", FIRST)
    restore(reviewed, kept)
    refused = reviewed("file", SECOND, ok=False)
    assert refused.status == 7
    assert "verify" in refused.err
    reviewed("status")
    assert reviewed.json("show", SECOND)["record"]["state"] == "reviewed"
    assert reviewed("verify", ok=False).status == 7


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells which files are open")
@pytest.mark.parametrize("words", [("init",), ("list",), ("show", "QR758-01A-1999-00001"), ("verify",)])
def test_a_command_leaves_no_file_of_the_office_open(cli: CommandLine, words: tuple[str, ...]) -> None:
    cli(*words, ok=words[0] != "show")
    links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    assert [path for path in links if path.startswith(str(cli.root))] == []


def test_a_lost_register_is_not_replaced_by_an_empty_one(reviewed: CommandLine) -> None:
    reviewed("file", FIRST)
    for path in register_of(reviewed).parent.glob("register.sqlite*"):
        path.unlink()
    refused = reviewed("init", ok=False)
    assert refused.status == 7
    assert "备份" in refused.err
    assert not register_of(reviewed).exists()


def test_a_record_stands_still_while_it_is_filed(reviewed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    office, other = open_office(reviewed.root), open_office(reviewed.root)
    refused: list[str] = []

    def meanwhile(name: str) -> None:
        if name != "file.papers":
            return
        for attempt in (
            lambda: void(other, [FIRST], reason="示例"),
            lambda: send_back(other, [SECOND], reason="示例"),
        ):
            with pytest.raises(WrongState, match="正在归档"):
                attempt()
            refused.append(name)
        assert verify(other).problems == []

    monkeypatch.setattr(durable, "checkpoint", meanwhile)
    assert len(file_all(office)) == 2
    assert len(refused) == 2
    assert verify(office, deep=True).problems == []


def test_verify_is_quiet_about_what_is_being_filed(reviewed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    office, other = open_office(reviewed.root), open_office(reviewed.root)
    seen: list[Any] = []
    monkeypatch.setattr(
        durable, "checkpoint", lambda at: seen.append(verify(other).problems) if at == "file.frozen" else None
    )
    file_all(office)
    assert seen == [[]]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record SET \"values\" = json_set(\"values\", '$.info_content', 'x') WHERE record_no = ?",
        "UPDATE record SET state = 'draft' WHERE record_no = ?",
        "UPDATE record SET opinion = 'x' WHERE record_no = ?",
        "UPDATE record SET reviewed_on = '2025-01-01' WHERE record_no = ?",
        "UPDATE record SET archive_no = '' WHERE record_no = ?",
        "DELETE FROM record WHERE record_no = ?",
    ],
)
def test_a_register_changed_by_hand_is_found(reviewed: CommandLine, change: str) -> None:
    reviewed("file", "--all")
    assert reviewed.json("verify")["problems"] == []
    with sqlite3.connect(register_of(reviewed)) as connection:
        connection.execute(change, (FIRST,))
    connection.close()
    told = reviewed.json("verify", ok=False)["problems"]
    assert any(FIRST in str(p["source"]) for p in told)


def test_a_lost_template_is_found(reviewed: CommandLine) -> None:
    reviewed("file", FIRST)
    (template,) = (p for p in (reviewed.root / "archive" / "objects").glob("*/*/*/*") if "template" in p.name)
    shutil.rmtree(template.parents[2])
    assert any("模板" in p["message"] for p in reviewed.json("verify", ok=False)["problems"])


def test_a_review_done_again_in_another_year_takes_a_number_of_that_year(reviewed: CommandLine) -> None:
    killed_at("file.intent", 1, reviewed.root, "file", FIRST)
    reviewed("return", FIRST, "--reason", "示例：补充内容")
    reviewed("submit", FIRST)
    reviewed("review", FIRST, "--on", "2026-01-05")
    (filed,) = reviewed.json("file", FIRST)["records"]
    year = "2025" if reviewed.json("show", FIRST)["record"]["record_year"] == 2025 else "2026"
    assert f"·{year}·" in filed["archive_no"]
    assert reviewed.json("verify", "--deep")["problems"] == []


def test_a_broken_or_missing_form_is_never_passed_over(reviewed: CommandLine) -> None:
    folder = reviewed.root / "forms" / "QR758" / "01A"
    text = (folder / "form.toml").read_text(encoding="utf-8")
    (folder / "form.toml").write_text("[[[", encoding="utf-8")
    assert reviewed("forms", "list", ok=False).status == 3
    assert reviewed("compile", "2025", ok=False).status == 3
    (folder / "form.toml").write_text(text, encoding="utf-8")
    folder.rename(reviewed.root / "elsewhere")
    refused = reviewed("compile", "2025", ok=False)
    assert refused.status == 7
    assert "QR758-01A" in refused.err


def test_a_fill_that_cannot_print_takes_no_number(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    (cli.root / "qrecords.toml").write_text('[pdf]\nsoffice = "/nowhere/soffice"\n', encoding="utf-8")
    source = write(sample("10A"))
    assert cli("fill", "10A", source, "--pdf", ok=False).status == 8
    assert cli("fill", "10A", source, "--out", source, ok=False).status == 2
    template = cli.root / "forms" / "QR758" / "10A" / "template.docx"
    template.write_bytes(b"no document")
    assert cli("fill", "10A", source, ok=False).status == 3
    assert cli.json("list", "--all")["records"] == []
    assert cli.json("status")["under_way"] == 0


def test_a_year_that_has_not_come_is_refused(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    (problem,) = cli.json(
        "fill", "10A", write(sample("10A", received_on="2062-01-01", closed_on=None, handling_result=None)), ok=False
    )["error"]["problems"]
    assert problem["field"] == "received_on"


def test_what_was_issued_stands(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    refused = cli.json("update", "QR758-04A-2025-00001", write({"task_description": "别的任务"}), ok=False)
    assert [p["field"] for p in refused["error"]["problems"]] == ["task_description"]
    cli("update", "QR758-04A-2025-00001", write({"open_issues": "示例：无"}))


def test_two_commands_try_the_same_folder_at_once(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a folder takes files is tried with one hidden file; another command may have removed it by then."""
    write_file = documents.write_file

    def written_and_removed(path: Path, data: bytes) -> None:
        write_file(path, data)
        if path.name == documents.PROBE:
            path.unlink()

    monkeypatch.setattr(documents, "write_file", written_and_removed)
    assert len(cli.json("fill", "10A", write(sample("10A")))["records"]) == 1
    assert [p for p in (cli.root / "archive" / "drafts").iterdir() if p.name.startswith(".")] == []
