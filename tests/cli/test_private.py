"""What qrecords writes is for who runs it alone, whatever the umask; a stranger's workspace runs nothing as its visitor."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli import types
from qrecords.cli.app import run
from qrecords.cli.wording import worded
from qrecords.errors import NotPermitted
from qrecords.settings import find_root, load
from tests.commands import leaves
from tests.conftest import CHECKOUT, FORMS, CommandLine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")


def open_to_others(folder: Path) -> list[str]:
    """Return what below a folder others than its owner may read, write or enter."""
    return [
        str(p) for p in (folder, *folder.rglob("*")) if not p.is_symlink() and stat.S_IMODE(p.stat().st_mode) & 0o077
    ]


def writing() -> set[str]:
    """Return every command that takes a place to write to."""
    kinds: tuple[Any, ...] = (types.OUTPUT, types.FOLDER)
    return {name for name, command in leaves() if any(p.type in kinds for p in command.params)}


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_init_backup_and_restore_are_for_their_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_umask: None
) -> None:
    for name in ("office", "kept", "again"):
        (tmp_path / name).mkdir(mode=0o755)  # made by hand, as people do
    cli = CommandLine(tmp_path / "office", capsys)
    for words in (
        ["init"],
        ["fill", "01A", FORMS / "01A" / "sample.json"],
        ["backup", tmp_path / "kept"],
        ["restore", tmp_path / "kept", tmp_path / "again"],
    ):
        os.umask(0)
        cli(*words)
    assert [p for name in ("office", "kept", "again") for p in open_to_others(tmp_path / name)] == []


def test_a_folder_with_things_in_it_keeps_its_mode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_umask: None
) -> None:
    root = tmp_path / "office"
    root.mkdir(mode=0o755)
    (root / "notes.txt").write_text("x", encoding="utf-8")
    CommandLine(root, capsys)("init")
    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    assert {Path(p).name for p in open_to_others(root)} == {"office", "notes.txt"}


@pytest.mark.office
@pytest.mark.slow
def test_every_command_that_writes_a_file_writes_it_private(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_umask: None
) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    cli = CommandLine(tmp_path / "demo", capsys)
    with pytest.raises(SystemExit) as left:
        run(["demo", str(cli.root)])
    assert not left.value.code
    record = "QR758-01A-2025-00001"
    volume = cli.json("volume", "list")["volumes"][0]["volume_code"]
    asked = cli.json("copies", "request", record, "--purpose", "示例")["copy"]["request_no"]
    cli("copies", "approve", asked)
    cli("packs", "on", "return_repair")  # of its forms alone something goes along
    case = json.loads((CHECKOUT / "packs/return_repair/FX/sample.json").read_text(encoding="utf-8"))
    (tmp_path / "case.json").write_text(json.dumps(case | {"repair_record_no": ""}), encoding="utf-8")
    (repair,) = cli.json("fill", "FX", tmp_path / "case.json")["records"]
    evaluated = cli.root / "forms" / "KF758" / "evaluation.toml"
    evaluated.write_text(evaluated.read_text(encoding="utf-8").replace("on = false", "on = true"), encoding="utf-8")
    drawn = cli.json("report", "draw", "BB", "--period", "2025-H1", "--answer", "示例")["document"]
    report = drawn["document_no"]
    written = {
        "init": [tmp_path / "new"],
        "backup": [out / "kept"],
        "restore": [out / "kept", out / "again"],
        "forms sheet": ["01A", "-o", out / "sheet.xlsx"],
        "forms template": ["01A", "-o", out / "template.docx"],
        "fill": ["01A", FORMS / "01A" / "sample.json", "--same-again", "--out", out / "fill"],
        "print": [record, "--out", out / "print"],
        "list": ["--all", "-o", out / "ledger.xlsx"],
        "search": ["示例", "-o", out / "hits.xlsx"],
        "complaints": ["-o", out / "checklist.docx"],
        "feedback": [record, "-o", out / "feedback.docx"],
        "spares": ["-o", out / "spares.xlsx"],
        "products tracking": ["-o", out / "tracking.xlsx"],
        "alike": ["QR758-06A-2025-00001", "-o", out / "alike.xlsx"],
        "improve": [cli.json("improve")["improve"]["candidates"][0]["key"], "-o", out / "improve.xlsx"],
        "report evaluation": [report, "-o", out / "evaluation.xlsx"],
        "papers": [repair["record_no"], "intake", "-o", out / "paper.docx"],
        "volume print-set": [volume, "--out", out / "set"],
        "copies issue": [asked, "--out", out / "copies"],
        "copies list": ["-o", out / "copies.xlsx"],
        "verify": ["-o", out / "report.docx"],
        "audit export": [out / "audit.jsonl"],
        "export": ["--year", "2025", "--bag", out / "bag"],
    }  # fmt: skip
    # The demo was made above; a replay and a copied index write into the workspace alone, an update what it refuses
    # (test_given_rows.py).
    assert set(written) | {"demo", "index copy", "retention replay", "update"} == writing()
    for command, words in written.items():
        os.umask(0)
        line = CommandLine(tmp_path / "new", capsys) if command == "init" else cli
        line(*command.split(), *([] if command == "init" else words))
    assert [p for folder in (cli.root, tmp_path / "new", out) for p in open_to_others(folder)] == []
    assert len(list(out.iterdir())) == len(written) - 1, "each wrote where it was told; init elsewhere"


def chown(folder: Path, uid: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)


root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")


@root_only
def test_a_workspace_around_one_that_is_another_persons_is_refused(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = cli.root / "sub"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert find_root() == cli.root
    chown(cli.root, 12345)
    with pytest.raises(NotPermitted) as told:
        find_root()
    assert f"--root {cli.root}" in worded(told.value.remedy)
    assert find_root(cli.root) == cli.root, "named is trusted"


@root_only
@pytest.mark.parametrize("how", ["folder", "file", "all", "writable"])
def test_a_strangers_workspace_names_no_program(cli: CommandLine, tmp_path: Path, how: str) -> None:
    program = tmp_path / "soffice"
    program.write_text(f"#!/bin/sh\nid > {tmp_path}/ran\n", encoding="utf-8")
    program.chmod(0o755)
    settings = cli.root / "qrecords.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('soffice = ""', f'soffice = "{program}"'), encoding="utf-8"
    )
    assert load(cli.root).pdf.soffice == str(program), "one's own settings count"
    match how:
        case "folder":
            os.chown(cli.root, 12345, 12345)
        case "file":
            os.chown(settings, 12345, 12345)
        case "all":
            chown(cli.root, 12345)
        case _:
            settings.chmod(0o666)
    refused = cli("fill", "01A", FORMS / "01A" / "sample.json", ok=False)
    assert refused.status == 4 and "soffice" in refused.err
    assert not (tmp_path / "ran").exists()
