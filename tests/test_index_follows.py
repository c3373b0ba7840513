"""The index follows the register: after it is deleted, is of another engine, or is newer than a register restored."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine


@pytest.fixture
def filled(cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]) -> CommandLine:
    cli("fill", "10A", write(sample("10A")))
    return cli


def found(cli: CommandLine, query: str = "遥控盒") -> list[str]:
    return [h["record_no"] for h in cli.json("search", query)["hits"]]


def test_deleted_it_is_made_again_by_the_next_search(filled: CommandLine) -> None:
    shutil.rmtree(filled.root / "indexes")
    assert filled.json("index", "status")["index"]["state"] == "missing"
    assert found(filled) == ["QR758-10A-2025-00001"]
    assert filled.json("index", "status")["index"]["state"] == "current"


def test_the_other_engine_finds_the_same(filled: CommandLine) -> None:
    settings = filled.root / "qrecords.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("tantivy", "whoosh"), encoding="utf-8")
    assert found(filled) == ["QR758-10A-2025-00001"]
    assert filled.json("status")["index"]["engine"] == "whoosh"


def test_an_index_newer_than_a_restored_register_forgets_what_is_not_there(
    filled: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    register = filled.root / "archive" / "register.sqlite"
    kept = filled.root / "kept.sqlite"
    with sqlite3.connect(register) as source, sqlite3.connect(kept) as target:
        source.backup(target)
    filled("fill", "10A", write(sample("10A", user_need="示例：遥控盒第二件")))
    assert len(found(filled)) == 2
    for name in ("register.sqlite-wal", "register.sqlite-shm"):
        (register.parent / name).unlink(missing_ok=True)
    kept.replace(register)
    assert found(filled) == ["QR758-10A-2025-00001"]


def test_a_rebuild_gives_the_same_answers(filled: CommandLine) -> None:
    before = filled.json("search", "遥控盒")
    assert filled.json("index", "rebuild")["records"] == 1
    assert filled.json("search", "遥控盒") == before


def test_every_change_is_found_at_once(filled: CommandLine) -> None:
    filled("submit", "QR758-10A-2025-00001")
    filled("review", "QR758-10A-2025-00001", "--opinion", "按键板已更换同意", "--on", "2025-12-31")
    assert found(filled, "按键板已更换同意") == ["QR758-10A-2025-00001"]
    assert found(filled, "状态:已审查") == ["QR758-10A-2025-00001"]
    assert found(filled, "状态:草稿") == []
