"""Names on paper are people's: nothing that is printed names an operating-system account (issue: an account is no name)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from qrecords.model.access import person_name
from qrecords.services.administer import init, login_name
from tests.conftest import FORMS, CommandLine
from tests.textlayer import pdftotext

PERSON = "示例档案员"
RECORD = "QR758-11A-2025-00001"


def words_of(pdf: Path | str) -> str:
    """Return what poppler reads on the pages of a PDF, without blanks."""
    return "".join(pdftotext(pdf, "-layout").split())


def filed(line: CommandLine) -> str:
    """File one information record with the office's own hands; returns its paper."""
    values = json.loads((FORMS / "11A" / "sample.json").read_text("utf-8"))
    values.pop("notice_no")
    source = line.root / "11A.json"
    source.write_text(json.dumps(values, ensure_ascii=False), "utf-8")
    line("fill", "11A", source)
    line("sign", RECORD, "--kind", "unit-leader", "--by", "示例领导", "--on", "2025-03-18")
    for step in ("submit", "review", "file"):
        line(step, RECORD)
    return str(next((line.root / "archive" / "objects").rglob("form.pdf")))


@pytest.mark.parametrize(
    ("display", "account", "printed"),
    [
        ("root", "root", ""),
        ("Root ", "root", ""),
        ("示例员工", "root", "示例员工"),
        ("示例员工", "示例员工", "示例员工"),  # an account called like its person
        ("Sample Person", "sample", "Sample Person"),
        ("", "root", ""),
    ],
)
def test_an_account_name_is_no_persons_name(display: str, account: str, printed: str) -> None:
    assert person_name(display, account) == printed


@pytest.mark.office
def test_papers_of_an_unnamed_account_leave_room_to_sign(cli: CommandLine) -> None:
    login = login_name()
    assert cli.json("accounts", "show", login)["account"]["display_name"] == login
    papers = [filed(cli)]
    papers += [r["pdf"] for r in cli.json("print", RECORD)["prints"]]
    change = cli.root / "change.json"
    change.write_text(json.dumps({"reported_by": "示例更正者"}, ensure_ascii=False), "utf-8")
    cli("correct", RECORD, change, "--reason", "示例")
    papers += [str(p) for p in (cli.root / "archive" / "objects").rglob("v2/content/form.pdf")]
    cli("compile", "2025")
    papers += [str(p) for p in (cli.root / "archive" / "objects").rglob("volume.pdf")]
    assert len(papers) == 4
    for paper in papers:
        assert login not in words_of(paper), paper
    assert "更改人" in words_of(papers[2])


@pytest.mark.office
def test_papers_name_the_person_once_the_account_is_renamed(cli: CommandLine) -> None:
    login = login_name()
    cli("accounts", "rename", login, PERSON)
    first = filed(cli)
    assert PERSON in words_of(first)
    printed = cli.json("print", RECORD)["prints"][0]["pdf"]
    assert PERSON in words_of(printed), "a later print names who filed it, not the account"
    cli("compile", "2025")
    volume = next((cli.root / "archive" / "objects").rglob("volume.pdf"))
    assert f"立卷人{PERSON}" in words_of(volume) or PERSON in words_of(volume)
    assert login not in words_of(volume)


@pytest.mark.office
def test_the_register_of_copies_names_people(cli: CommandLine, tmp_path: Path) -> None:
    login = login_name()
    filed(cli)
    refused = cli("copies", "request", RECORD, "--purpose", "示例用途", ok=False)
    assert "没有写领用人" in refused.err, "the holder's name stands on every page of a copy"
    cli("accounts", "rename", login, PERSON)
    cli("copies", "request", RECORD, "--purpose", "示例用途")
    book = tmp_path / "副本.xlsx"
    cli("copies", "list", "-o", book)
    cells = [str(c) for row in load_workbook(book).active.iter_rows(values_only=True) for c in row]
    assert PERSON in cells
    assert login not in cells


def test_init_takes_a_name_and_goes_on_without_one(cli: CommandLine, tmp_path: Path) -> None:
    assert cli.json("accounts", "show")["account"]["display_name"] == login_name()  # init without --name went on
    other = CommandLine(tmp_path / "other", cli._capsys)
    assert other.json("init", "--name", PERSON)["name"] == PERSON
    assert other.json("accounts", "show")["account"]["display_name"] == PERSON
    bad = CommandLine(tmp_path / "third", cli._capsys)("init", "--name", login_name(), ok=False)
    assert "是账号，不是姓名" in bad.err
    told = CommandLine(tmp_path / "fourth", cli._capsys)("init")
    assert f"accounts rename {login_name()}" in told.out


def test_init_asks_for_the_name_where_someone_can_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.cli.asking.on_terminal", lambda: True)
    asked: list[str] = []

    def answer(text: str, **_: object) -> str:
        asked.append(text)
        return PERSON

    monkeypatch.setattr("click.prompt", answer)
    line = CommandLine(tmp_path / "office", capsys)
    assert PERSON in line("init").out
    assert "姓名" in asked[0]
    line("init")
    assert len(asked) == 1, "a workspace that is there already is not asked about again"


def test_a_rename_is_logged_without_the_name_and_kept_apart(cli: CommandLine) -> None:
    login = login_name()
    cli("accounts", "add", "li", "--name", "示例工程师")
    assert "已经有了" in cli("accounts", "rename", login, "示例工程师", ok=False).err
    for bad in ("", "  ", login, "示例\u0007", "示" * 41):
        cli("accounts", "rename", login, bad, ok=False)
    cli("accounts", "rename", "li", "示例工程师（二室）")
    events = cli.json("audit", "list")["events"]
    renamed = [e for e in events if e["detail"].get("did") == "rename"]
    assert [e["object"] for e in renamed] == ["account/li"]
    assert "示例工程师" not in json.dumps(renamed, ensure_ascii=False)


def test_in_strict_mode_nobody_renames_himself(tmp_path: Path) -> None:
    from qrecords.errors import NotPermitted
    from qrecords.model.access import Rules
    from qrecords.office import Office
    from qrecords.services.access.accounts import rename

    class Strict(Office):
        @property
        def rules(self) -> Rules:
            held = super().rules
            return Rules("strict", held.roles, held.on)

    made = init(tmp_path / "office")
    try:
        strict = Strict(made.workspace, made.account)
        strict.allows = lambda *_: True  # type: ignore[method-assign]
        strict.authorise = lambda *_a, **_k: None  # type: ignore[method-assign]
        with pytest.raises(NotPermitted, match="自己的姓名"):
            rename(strict, made.account.name, PERSON)
    finally:
        made.close()
