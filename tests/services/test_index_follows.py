"""The index follows the register: after it is deleted, is of another engine, or is newer than a register restored."""

from __future__ import annotations

import shutil
import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput
from qrecords.stores.settingsfile import new_settings, with_engine
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


def engine_named(cli: CommandLine) -> str:
    return str(tomllib.loads((cli.root / "qrecords.toml").read_text(encoding="utf-8"))["index"]["engine"])


def test_a_rebuild_changes_the_engine(filled: CommandLine) -> None:
    settings = filled.root / "qrecords.toml"
    before = settings.read_text(encoding="utf-8")
    for engine in ("whoosh", "tantivy", "tantivy"):
        answer = filled.json("index", "rebuild", "--engine", engine)
        assert (answer["records"], answer["index"]["engine"], answer["index"]["state"]) == (1, engine, "current")
        assert engine_named(filled) == engine
        assert found(filled) == ["QR758-10A-2025-00001"]
        generations = [path.name for path in (filled.root / "indexes").glob("*-*/")]
        assert [name.partition("-")[0] for name in generations] == [engine]
    assert settings.read_text(encoding="utf-8") == before


def test_a_change_of_engine_that_fails_leaves_the_old_one(filled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from qrecords.stores.fulltext.whoosh_engine import WhooshEngine

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WhooshEngine, "build", full)
    assert filled("index", "rebuild", "--engine", "whoosh", ok=False).status == 7
    assert engine_named(filled) == "tantivy"
    assert filled.json("index", "status")["index"] | {"register_seq": 0} == {
        "engine": "tantivy", "last_seq": filled.json("index", "status")["index"]["last_seq"], "register_seq": 0, "state": "current",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", None),
        ("[index]\n", None),
        ("[index]\nengine = 'tantivy' # 引擎\n[pdf]\nworkers = 2\n", "# 引擎"),
        ('[office]\nunit = "engine = 1"\n', "engine = 1"),
        ('[ index ]\nengine="tantivy"', None),
        ('index = {engine = "tantivy"} # 检索', "# 检索"),
        ('index.engine = "tantivy" # 检索\n[pdf]\nworkers = 1\n', "# 检索"),
        ('# 甲\r\n[index] # 乙\r\nengine = "tantivy"   # 丙\r\n\r\n[pdf]\r\n', "# 丙\r\n\r\n[pdf]\r\n"),
    ],
)
def test_the_engine_is_changed_in_any_writing(written: str, read: str | None) -> None:
    changed = with_engine(written, "whoosh")
    assert tomllib.loads(changed) == tomllib.loads(written) | {"index": {"engine": "whoosh"}}
    assert read is None or read in changed
    assert with_engine(changed, "tantivy") == with_engine(with_engine(changed, "whoosh"), "tantivy")


@pytest.mark.parametrize("written", ["index = 3", "[[index]]", "[index"])
def test_what_has_no_section_for_it_is_left_alone(written: str) -> None:
    with pytest.raises(InvalidInput, match="改不了"):
        with_engine(written, "whoosh")


def test_nothing_but_the_engine_is_changed() -> None:
    written = new_settings("tantivy", "示例单位")
    assert with_engine(written, "whoosh") == written.replace('engine = "tantivy"', 'engine = "whoosh"')


@pytest.mark.parametrize("name", ["示例单位", '"引号"单位', "反\\斜\\线", "'单引号'", "带 # 号"])
def test_a_new_workspace_is_named_as_written(name: str) -> None:
    text = new_settings("whoosh", name)
    assert tomllib.loads(text)["office"]["org_name"] == name
    assert "    # 印在每张表上的单位名称\n" in text


def test_a_search_told_to_tell_says_how_many_changes_are_missing_and_catches_up(
    filled: CommandLine, write: Callable[..., Path], sample: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `behind = "tell"` a search takes in one batch and says what is left; the next ones go on from there."""
    settings = filled.root / "qrecords.toml"
    assert len(found(filled)) == 1
    rows = [sample("10A", user_need=f"示例：遥控盒第{n}件") for n in range(2, 7)]
    monkeypatch.setattr("qrecords.services.intake.fill.follow", lambda *_: None)
    filled("fill", "10A", write(rows))
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('behind = "wait"', 'behind = "tell"'), encoding="utf-8")
    assert tomllib.loads(settings.read_text(encoding="utf-8"))["index"]["behind"] == "tell"
    monkeypatch.setattr("qrecords.services.finding.indexing.BATCH", 2)
    told = [filled.json("search", "遥控盒") for _ in range(3)]
    assert [(one["total"], one.get("behind")) for one in told] == [(3, 3), (5, 1), (6, None)]
    assert filled.json("index", "status")["index"]["state"] == "current"


def test_a_search_waits_for_an_index_that_is_behind_by_default(
    filled: CommandLine, write: Callable[..., Path], sample: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.services.intake.fill.follow", lambda *_: None)
    filled("fill", "10A", write([sample("10A", user_need=f"示例：遥控盒第{n}件") for n in range(2, 7)]))
    monkeypatch.setattr("qrecords.services.finding.indexing.BATCH", 2)
    told = filled.json("search", "遥控盒")
    assert (told["total"], told.get("behind")) == (6, None)
