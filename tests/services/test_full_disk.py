"""A full disk where no store is at work: behind `>`, under LibreOffice's papers, scanned pages, packages, logins."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from qrecords.errors import StorageFailure
from qrecords.office import Office
from qrecords.render.beside import written_beside
from qrecords.render.pdf import Converter
from qrecords.scanning import reader, worker
from qrecords.stores import bag, secrets
from qrecords.stores.durable import write_file
from qrecords.stores.fulltext.store import _writing
from tests.conftest import CommandLine
from tests.faulty_disk import blank_convert

FULL_DEVICE = Path("/dev/full")


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize(
    ("words", "status"), [(["--json", "list"], 7), (["--json", "show", "QR758-10A-2025-00001"], 5), (["list"], 7)]
)
def test_an_answer_that_cannot_be_written_is_told_in_words(cli: CommandLine, words: list[str], status: int) -> None:
    command = [sys.executable, "-m", "qrecords", "--root", str(cli.root), *words]
    with FULL_DEVICE.open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    assert ran.returncode == status
    assert "磁盘已满" in ran.stderr
    assert "→ 请" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


def test_what_is_written_beside_takes_its_place_whole_or_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space"), written_beside(path) as stream:
        stream.write(b"ha")
        refuse()
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.pdf", b"old")]
    with written_beside(path) as stream:
        stream.write(b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.pdf", b"new")]


def test_a_disk_full_under_the_pdf_of_a_print(
    cli: CommandLine,
    sample: Callable[..., Any],
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    source, out = write(sample("10A")), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("qrecords.render.finish.PdfOut.finish", refuse)
        refused = cli("fill", "10A", source, "--pdf", "--out", out, ok=False)
    assert refused.status == 7
    assert "磁盘已满" in refused.err
    assert "请腾出空间" in refused.err
    assert [p.name for p in out.iterdir() if p.suffix == ".part"] == []
    assert [r["record_no"] for r in cli.json("fill", "10A", source, "--pdf")["records"]] == ["QR758-10A-2025-00001"]
    assert cli.json("status")["under_way"] == 0


def test_scanned_pages_that_find_no_room_are_not_blamed_on_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (800, 1000), 255).save(tmp_path / "page.png")
    request = {
        "path": str(tmp_path / "page.png"), "out": str(tmp_path), "max_pages": 9, "memory": 0, "cpu_seconds": 0,
    }  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(worker, "limit", lambda *_: None)
        patch.setattr(Path, "write_bytes", refuse)
        worker.main(request)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1] == {"full": errno.ENOSPC}
    monkeypatch.setattr(reader, "answers", lambda *_, **__: iter(told))
    with pytest.raises(OSError, match="No space") as refused:
        reader.read_file(tmp_path / "page.png", tmp_path / "pages")
    assert refused.value.filename == str(tmp_path / "pages")


def test_a_package_that_finds_no_room_says_so_in_our_words_alone(
    cli: CommandLine,
    sample: Callable[..., Any],
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    number = cli.json("fill", "10A", write(sample("10A")))["records"][0]["record_no"]
    cli("submit", number)
    cli("review", number, "--on", "2025-12-31")
    month = sample("10A")["received_on"][:7]
    cli("file", "10A", "--month", month)
    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr(bag, "_digest", refuse)
        refused = cli("export", number, "--bag", tmp_path / "bag", ok=False)
    assert refused.status == 7
    assert "磁盘已满" in refused.err
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert [p for p in tmp_path.iterdir() if "bag" in p.name] == []
    assert cli("export", number, "--bag", tmp_path / "bag").status == 0


def test_half_a_login_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullFile:
        def __init__(self, handle: int, *_: object, **__: object) -> None:
            os.write(handle, b"half")
            os.close(handle)

        def __enter__(self) -> FullFile:
            return self

        def __exit__(self, *_: object) -> None:
            refuse()

        def write(self, _text: str) -> None:
            pass

    path = tmp_path / "a.token"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", FullFile)
        with pytest.raises(StorageFailure, match="磁盘已满"):
            secrets.write_token(path, "token")
    assert secrets.read_token(path) == ""
    secrets.write_token(path, "token")
    assert secrets.read_token(path) == "token"


def test_a_register_without_any_room_is_not_called_damaged(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says so when it cannot make the files beside the database (found on a disk filled to the last byte)."""
    error = sa.exc.OperationalError("BEGIN", None, sqlite3.OperationalError("disk I/O error"))
    told = office.register._kept.own_error(error)
    assert "disk I/O error" in told.message
    usage = shutil.disk_usage(office.settings.root)
    monkeypatch.setattr("qrecords.stores.register.dialects.sqlite.disk_usage", lambda _folder: usage._replace(free=0))
    told = office.register._kept.own_error(error)
    assert isinstance(told, StorageFailure)
    assert told.message.startswith("磁盘已满")


@pytest.mark.parametrize(
    "words",
    [
        "Failed to open file for write: 'IoError { io_error: Custom { kind: StorageFull, error: PathError",
        "An IO error occurred: 'No space left on device (os error 28)'",
    ],
)
def test_an_index_without_room_says_so_in_our_words_alone(words: str) -> None:
    with pytest.raises(StorageFailure, match=r"写不进去：磁盘已满$"), _writing():
        raise ValueError(words)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root mounts")
def test_the_disk_that_is_full_is_named(tmp_path: Path) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(StorageFailure) as told:
            write_file(disk / "scans.pdf", bytes(1 << 20))
    finally:
        subprocess.run(["umount", disk], check=True)
    assert told.value.message.startswith(f"磁盘已满（{disk} 所在的磁盘）")
