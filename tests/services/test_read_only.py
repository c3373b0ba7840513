"""A workspace on a disk that takes no writes — a disc, a backup's disk, a snapshot — can be read, and is not touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

NUMBER = "QR758-01A-2025-00001"
READS = (
    "status", "list", "search 示例", f"show {NUMBER}", f"show {NUMBER} --history", "verify", "verify --deep", "due",
    "audit list", "audit verify", "volume list", "complaints", "forms list", "retention due", "accounts list",
)  # fmt: skip


@pytest.fixture
def filed(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    cli("fill", "01A", write([sample("01A"), sample("01A", info_content="示例：另一件事")]))
    for step in ("submit", "review", "file"):
        cli(step, NUMBER)
    return cli


@pytest.fixture(params=["mounted", "told"])
def held(
    filed: CommandLine,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    """Give the office on a disk mounted to be read alone, or one the system says this of."""
    if request.param == "told":
        monkeypatch.setattr("qrecords.stores.register.dialects.sqlite.is_read_only", lambda path: True)
        yield filed
        return
    place = tmp_path / "disc"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(place)]
    if (
        os.geteuid()
        or shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("nothing can be mounted here")
    try:
        shutil.copytree(filed.root, place / "office")
        if subprocess.run(["mount", "-o", "remount,ro", str(place)], capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted to be read alone here")
        yield CommandLine(place / "office", capsys)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def contents(root: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()}


def test_it_is_read_and_not_touched(held: CommandLine, tmp_path: Path) -> None:
    before = contents(held.root)
    for words in READS:
        assert held(*words.split()).status == 0, words
    assert held.json("search", "示例")["total"] == 2
    assert held.json("list", "-o", tmp_path / "台账.xlsx")["total"] == 1
    held("export", "--year", "2025", "--bag", tmp_path / "bag")
    assert contents(held.root) == before


def test_what_changes_something_says_that_it_cannot(held: CommandLine, write: Callable[..., Path]) -> None:
    for words in (
        ("submit", "01A-2025-2"),
        ("void", "01A-2025-2", "--reason", "示例"),
        ("update", "01A-2025-2", write({})),
    ):
        refused = held(*words, ok=False)
        assert refused.status != 0
        assert "只读" in refused.err, refused.err
    assert "内部错误" not in held("fill", "01A", write({}), ok=False).err


def test_what_waits_beside_the_register_is_read_too(filed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register copied while it was open has its last changes in the file beside it."""
    import sqlite3
    from contextlib import closing

    path = filed.root / "archive" / "register.sqlite"
    with closing(sqlite3.connect(path)) as open_register:
        open_register.execute("SELECT count(*) FROM record").fetchone()
        filed("submit", "01A-2025-2")
        beside = path.with_name("register.sqlite-wal")
        assert beside.stat().st_size, "the change waits there"
        monkeypatch.setattr("qrecords.stores.register.dialects.sqlite.is_read_only", lambda path: True)
        assert filed.json("show", "01A-2025-2")["record"]["state"] == "submitted"
