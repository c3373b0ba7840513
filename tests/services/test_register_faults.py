"""A register that cannot be written, a folder that cannot be, one that is gone, and a clock that jumps back."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import WrongState
from qrecords.services.administer import open_office
from qrecords.services.care.verify import verify
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from qrecords.stores.register.dialects import sqlite as database
from tests.conftest import CommandLine

FIRST, SECOND = "QR758-01A-2025-00001", "QR758-01A-2025-00002"

# Holds the register until its standard input ends.
HOLDING = """
import sqlite3, sys
register = sqlite3.connect(sys.argv[1], isolation_level=None)
register.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
register.close()
"""


@pytest.fixture
def entry(sample: Callable[..., Any], write: Callable[..., Path]) -> Callable[[int], Path]:
    def make(number: int) -> Path:
        values = sample("01A", received_at=f"2025-03-0{number} 09:00", source_record_no=None, channel="电话")
        return write(values, name=f"{number}.json")

    return make


def register_of(cli: CommandLine) -> Path:
    return cli.root / "archive" / "register.sqlite"


@contextmanager
def held(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        try:
            yield
        finally:
            assert other.stdin is not None
            other.stdin.close()
            other.wait(timeout=60)


def assert_sound(cli: CommandLine, count: int) -> None:
    assert cli.json("verify", "--deep")["problems"] == []
    assert cli.json("status")["under_way"] == 0
    made = sorted(r["record_no"] for r in cli.json("list", "--all")["records"])
    assert made == [f"QR758-01A-2025-{n:05d}" for n in range(1, count + 1)]


def test_a_register_held_by_another_program(
    cli: CommandLine, entry: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with held(register_of(cli)):
        refused = cli("fill", "01A", entry(1), ok=False)
        assert refused.status == 6
        assert "占用" in refused.err
        assert "请稍后再试" in refused.err
    cli("fill", "01A", entry(1))
    assert_sound(cli, 1)


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_disk_that_is_full_for_the_register(
    cli: CommandLine, entry: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    cli("fill", "01A", entry(1))
    configure = database._configure

    def without_room(connection: Any, record: Any) -> None:
        configure(connection, record)
        (used,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {used + pages}")

    with monkeypatch.context() as full:
        full.setattr(database, "_configure", without_room)
        big = cli.json("show", FIRST)["record"]["values"] | {"received_at": "2025-03-02 09:00"}
        big["info_content"] = "很长的内容" * 390
        many = [big | {"customer_unit": f"示例单位{n}"} for n in range(40)]
        source = entry(2)
        source.write_text(json.dumps(many, ensure_ascii=False), encoding="utf-8")
        refused = cli("fill", "01A", source, ok=False)
        assert refused.status == 7
        assert "磁盘已满" in refused.err
    assert_sound(cli, 1)
    cli("fill", "01A", source)
    assert_sound(cli, 41)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root")
def test_an_archive_that_may_not_be_written(cli: CommandLine, entry: Callable[[int], Path]) -> None:
    cli("fill", "01A", entry(1))
    archive = cli.root / "archive"
    folders = [archive, *(p for p in archive.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        refused = cli("fill", "01A", entry(2), ok=False)
        assert refused.status == 7
        assert "权限" in refused.err
    finally:
        for folder in folders:
            folder.chmod(0o755)
    cli("fill", "01A", entry(2))
    assert_sound(cli, 2)


def test_an_archive_that_is_gone(cli: CommandLine, entry: Callable[[int], Path]) -> None:
    cli("fill", "01A", entry(1))
    archive, away = cli.root / "archive", cli.root / "away"
    archive.rename(away)
    refused = cli("fill", "01A", entry(2), ok=False)
    assert refused.status == 7
    assert "不见了" in refused.err
    assert not archive.exists(), "no empty archive takes its place"
    away.rename(archive)
    cli("fill", "01A", entry(2))
    assert_sound(cli, 2)


def test_an_archive_that_goes_while_it_is_open(cli: CommandLine) -> None:
    with closing(open_office(cli.root)) as office:
        (cli.root / "archive").rename(cli.root / "away")
        with pytest.raises(Exception, match="不在了") as told, office.under_way():
            pass
        assert getattr(told.value, "exit_status", None) == 7
        (cli.root / "away").rename(cli.root / "archive")


def test_a_clock_that_jumps_back(cli: CommandLine, entry: Callable[[int], Path]) -> None:
    moment = datetime.now(UTC)
    with closing(open_office(cli.root, clock=lambda: moment)) as office:
        fill(office, "01A", [on_disk(entry(1))])
    with closing(open_office(cli.root, clock=lambda: moment - timedelta(days=200))) as office:
        with pytest.raises(WrongState, match="早，没有办理"):
            fill(office, "01A", [on_disk(entry(2))])
        assert verify(office, deep=True).problems == []
    with closing(open_office(cli.root, clock=lambda: moment)) as office:
        made = [r.record_no for r in fill(office, "01A", [on_disk(entry(2))]).records]
    assert made == ["QR758-01A-2025-00002"], "the refused one took no number"
    assert_sound(cli, 2)
    with closing(sqlite3.connect(register_of(cli))) as register:
        sequence = [n for (n,) in register.execute("SELECT seq FROM audit ORDER BY rowid")]
    assert sequence == sorted(sequence)
