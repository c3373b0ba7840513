"""Backup and restore: whole at every moment, only what is new, nothing damaged travels, nothing foreign is written over."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ocfl.storage_root import StorageRoot

from qrecords.errors import IntegrityFailure
from qrecords.services.administer import init, open_office
from qrecords.services.file import file_records
from qrecords.services.intake.fill import fill
from qrecords.services.steps import review, sign, submit
from qrecords.stores.archive import Archive
from qrecords.stores.given import on_disk
from qrecords.stores.ocfl import object_path
from tests.conftest import FORMS, NOW, CommandLine, blank_scan
from tests.dying import killed_at
from tests.laid import laid
from tests.stores.test_archive import FILES, ITEM, put

NUMBERS = [f"QR758-11A-2025-0000{n}" for n in (1, 2, 3)]


def inputs(folder: Path) -> Path:
    sample = json.loads((FORMS / "11A" / "sample.json").read_text(encoding="utf-8"))
    sample.pop("notice_no")
    path = folder / "input.json"
    entries = [sample | {"user_comments": f"示例意见{n}"} for n in (1, 2, 3)]
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office with one filed record, its scan, and two reviewed ones."""
    folder = tmp_path_factory.mktemp("made")
    scan = blank_scan(folder / "sign.pdf")
    with closing(init(folder / "office", clock=lambda: NOW)) as office:
        fill(office, "11A", [on_disk(inputs(folder))])
        submit(office, NUMBERS)
        sign(office, NUMBERS, kind="unit-leader", by="示例领导", on="2025-03-20", evidence=on_disk(scan))
        review(office, NUMBERS, opinion="同意", on="2025-12-31")
        file_records(office, NUMBERS[:1])
    return folder / "office"


@pytest.fixture(scope="module")
def made_later(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same office when the second record is filed too."""
    root = tmp_path_factory.mktemp("later") / "office"
    shutil.copytree(made, root)
    with closing(open_office(root)) as office:
        file_records(office, NUMBERS[1:2])
    return root


@pytest.fixture
def filed(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    laid(made, tmp_path / "office")
    return CommandLine(tmp_path / "office", capsys)


@pytest.fixture
def later(made_later: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    laid(made_later, tmp_path / "office later")
    return CommandLine(tmp_path / "office later", capsys)


def rows(root: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(root / "archive" / "register.sqlite")) as register:
        return list(register.execute(f'SELECT * FROM "{table}" ORDER BY 1'))


def restored(cli: CommandLine, kept: Path, name: str = "restored") -> CommandLine:
    target = kept.parent / name
    answer = cli.json("restore", kept, target)
    assert answer["problems"] == []
    again = CommandLine(target, cli._capsys)
    assert again.json("verify", "--deep")["problems"] == []
    return again


pytestmark = pytest.mark.office


def test_what_comes_back_is_what_was_there(filed: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "backup"
    answer = filed.json("backup", kept)["backup"]
    assert answer["copied_objects"] == answer["objects"] == 2  # the record and its template
    judge = StorageRoot(root=str(kept / "objects"))
    assert judge.validate(log_warnings=True)
    assert judge.num_objects == judge.good_objects == 2
    again = restored(filed, kept)
    for table in ("record", "signature", "item", "print", "counter", "account"):
        assert rows(again.root, table) == rows(filed.root, table)
    for name in ("qrecords.toml", "forms/QR758/06A/form.toml", "forms/QR758/06A/template.docx"):
        assert (again.root / name).read_bytes() == (filed.root / name).read_bytes()
    again.json("file", NUMBERS[1])  # its scan had been waiting in the archive's folder of papers
    assert again.json("verify", "--deep")["problems"] == []


def test_again_copies_only_what_is_new(filed: CommandLine, later: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "backup"
    filed("backup", kept)
    assert later.json("backup", kept)["backup"]["copied_objects"] == 1
    assert later.json("backup", kept)["backup"]["copied_objects"] == 0
    assert len(list((kept / "register").iterdir())) == 1
    assert restored(later, kept).json("show", NUMBERS[1])["record"]["state"] == "filed"


def test_a_backup_is_taken_while_others_file(filed: CommandLine, tmp_path: Path) -> None:
    work = [sys.executable, "-m", "qrecords", "--root", str(filed.root), "file", *NUMBERS[1:]]
    with subprocess.Popen(work, stdout=subprocess.DEVNULL) as filing:
        taken = [tmp_path / "backup0"]
        filed("backup", taken[0])
        while filing.poll() is None and len(taken) < 6:
            taken.append(tmp_path / f"backup{len(taken)}")
            filed("backup", taken[-1])
        assert filing.wait(120) == 0
    for number, kept in enumerate(taken):
        restored(filed, kept, f"restored{number}")


@pytest.mark.parametrize("moment", ["backup.register", "backup.files", "publish", "backup.ready", "backup.published"])
def test_killed_at_any_moment_the_folder_holds_a_whole_backup(
    filed: CommandLine, later: CommandLine, tmp_path: Path, moment: str
) -> None:
    kept = tmp_path / "backup"
    filed("backup", kept)
    killed_at("write_file.aside" if moment == "publish" else moment, 1, later.root, "backup", kept)
    state = restored(filed, kept, "after the kill").json("show", NUMBERS[1])["record"]["state"]
    assert state == ("filed" if moment == "backup.published" else "reviewed")
    later("backup", kept)
    assert restored(later, kept).json("show", NUMBERS[1])["record"]["state"] == "filed"


@pytest.mark.parametrize("moment", ["write_file.aside", "restore.objects", "restore.register"])
def test_a_restore_killed_goes_on(filed: CommandLine, tmp_path: Path, moment: str) -> None:
    kept = tmp_path / "backup"
    filed("backup", kept)
    killed_at(moment, 1, filed.root, "restore", kept, tmp_path / "restored")
    assert filed("--root", tmp_path / "restored", "status", ok=False).status == 5, "half a workspace is none"
    restored(filed, kept)


def damage(root: Path, name: str) -> None:
    path = next(p for p in sorted(root.rglob(name)) if p.is_file())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_damage_does_not_travel(filed: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "backup"
    filed("backup", kept)
    damage(filed.root / "archive" / "objects", "form.pdf")
    filed("backup", kept)  # the copy made before is whole and stays
    restored(filed, kept)
    fresh = filed.json("backup", tmp_path / "fresh", ok=False)
    assert fresh["error"]["code"] == "integrity"
    assert fresh["error"]["problems"][0]["source"].startswith("urn:qrecords:item:")


@pytest.mark.parametrize(
    "name", ["form.pdf", "record.json", "v1/inventory.json", "*.sqlite", "backup.json", "files/*/*"]
)
def test_a_damaged_backup_is_refused(filed: CommandLine, tmp_path: Path, name: str) -> None:
    kept = tmp_path / "backup"
    filed("backup", kept)
    damage(kept, name)
    refused = filed("restore", kept, tmp_path / "restored", ok=False)
    assert refused.status == 7
    assert "请" in refused.err
    assert not (tmp_path / "restored" / "qrecords.toml").exists()


def test_a_manifest_cannot_lead_out_of_the_workspace(filed: CommandLine, tmp_path: Path) -> None:
    from qrecords.stores.backupstore import MANIFEST, _digest
    from qrecords.stores.ocfl import to_json

    kept = tmp_path / "backup"
    filed("backup", kept)
    data = json.loads((kept / MANIFEST).read_bytes())
    del data["sha256"], data["schema"]
    data["files"]["../../outside.toml"] = data["files"]["qrecords.toml"]
    (kept / MANIFEST).write_bytes(to_json({**data, "schema": 1, "sha256": _digest(data)}))
    assert filed("restore", kept, tmp_path / "a" / "b", ok=False).status == 7
    assert not (tmp_path / "outside.toml").exists()


def test_where_a_backup_may_not_go(filed: CommandLine, tmp_path: Path) -> None:
    assert filed("backup", filed.root / "archive" / "copy", ok=False).status == 2
    assert filed("backup", filed.root, ok=False).status == 2
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("示例")
    assert filed("backup", foreign, ok=False).status == 2
    kept = tmp_path / "backup"
    filed("backup", kept)
    other = CommandLine(tmp_path / "other", filed._capsys)
    other("init")
    assert other("backup", kept, ok=False).status == 6
    assert filed("restore", kept, foreign, ok=False).status == 6
    # What is laid into a backup makes it a folder with other things in it: it takes no further backup.
    for words in (["restore", kept, kept / "new"], ["backup", kept / "new"]):
        assert filed(*words, ok=False).status == 2
    assert filed("restore", kept, filed.root / "forms" / "new", ok=False).status == 2
    filed("backup", kept)
    assert filed("restore", foreign, tmp_path / "new", ok=False).status == 5


def test_an_older_state_is_not_written_over_a_newer_backup(
    filed: CommandLine, later: CommandLine, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    later("backup", late)
    refused = filed("backup", late, ok=False)
    assert refused.status == 6
    assert "新" in refused.err


@pytest.mark.parametrize("moment", ["mirror.version_in", "mirror.inventory.json", "mirror.inventory.json.sha512"])
def test_a_copy_broken_off_is_made_whole_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    source, target = Archive(tmp_path / "source"), Archive(tmp_path / "target")
    source.prepare()
    target.prepare()
    put(source)

    def copy(version: int) -> None:
        target.copy_in(source, ITEM, version)

    copy(1)
    put(source, files={"record.json": b"{}"}, keep=["form.pdf"])
    put(source, files={"record.json": b"[]"}, keep=["form.pdf"])

    def stop(at: str) -> None:
        if at == moment:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("qrecords.stores.durable.checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            copy(3)
    copy(3)
    assert target.head(ITEM) == 3
    assert target.read(ITEM, "form.pdf", 1) == FILES["form.pdf"]
    judge = StorageRoot(root=str(target.objects))
    assert judge.validate(log_warnings=True), judge.log


def test_a_version_newer_than_the_register_knows_is_left_out(tmp_path: Path) -> None:
    source, target = Archive(tmp_path / "source"), Archive(tmp_path / "target")
    source.prepare()
    target.prepare()
    put(source)
    put(source, files={"record.json": b"{}"}, keep=["form.pdf"])
    target.copy_in(source, ITEM, 1)
    assert target.head(ITEM) == 1
    (source.objects / object_path(ITEM) / "v1" / "content" / "record.json").write_bytes(b"x")
    with pytest.raises(IntegrityFailure):
        Archive(tmp_path / "other").copy_in(source, ITEM, 1)
