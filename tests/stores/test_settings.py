"""qrecords.toml read: every wrong section, key and value is told at once, by name; nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from qrecords.errors import InvalidInput, Problem
from qrecords.settings import Settings, load
from qrecords.stores.settingsfile import new_settings


def problems(root: Path, text: str) -> list[Problem]:
    (root / "qrecords.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        load(root)
    assert all(problem.source == "qrecords.toml" for problem in told.value.problems)
    return list(told.value.problems)


@pytest.mark.parametrize(
    ("section", "written", "told"),
    [
        ("pdf", 'workers = "2"', "pdf.workers 的类型不对，应为 整数"),
        ("pdf", "workers = 2.0", "pdf.workers 的类型不对，应为 整数"),
        ("pdf", "workers = true", "pdf.workers 的类型不对，应为 整数"),
        ("pdf", "workers = -1", "pdf.workers 不能是负数"),
        ("volumes", "stamp = 1", "volumes.stamp 的类型不对，应为 true 或 false"),
        ("office", "unit = 1", "office.unit 的类型不对，应为 加引号的文字"),
        ("office", "unit = {}", "office.unit 的类型不对，应为 加引号的文字"),
        ("office", 'timezone = "上海"', "office.timezone 不是时区名：'上海'；请写如 Asia/Shanghai、Asia/Urumqi"),
        ("office", 'timezone = "../x"', "office.timezone 不是时区名：'../x'；请写如 Asia/Shanghai、Asia/Urumqi"),
        ("volumes", 'arrangement = "forms"', "volumes.arrangement 只能是 form 或 task"),
        ("volumes", 'numbers = "left"', "volumes.numbers 只能是 bottom 或 top"),
        ("volumes", 'numbered = ""', "volumes.numbered 只能是 written 或 all"),
        ("retention", 'count = "year"', "retention.count 只能是 record-year 或 filing-year"),
        ("access", 'separation = "Strict"', "access.separation 只能是 single-desk 或 strict"),
        ("feedback", 'code = " qr758-12"', "feedback.code 不能用 QR758 开头的编号，那是受控表式的（第7章）"),
        ("index", 'motor = "whoosh"', "没有 index.motor 这一项，可用：engine、behind"),
        ("index", 'Engine = "whoosh"', "没有 index.Engine 这一项，是不是 engine？可用：engine、behind"),
    ],
)
def test_a_wrong_value_is_told_by_section_and_key(tmp_path: Path, section: str, written: str, told: str) -> None:
    [problem] = problems(tmp_path, f"[{section}]\n{written}\n")
    assert problem.message == told
    assert problem.field == f"{section}.{written.split(' = ', maxsplit=1)[0]}"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[volume]", "没有 [volume] 这一节，是不是 volumes？可用：office"),
        ("[root]", "没有 [root] 这一节，可用：office、forms、index、pdf、"),
        ("pdf = 3", "没有 [pdf] 这一节"),
        ("[[pdf]]", "没有 [pdf] 这一节"),
    ],
)
def test_a_wrong_section_is_told_with_those_there_are(tmp_path: Path, written: str, told: str) -> None:
    [problem] = problems(tmp_path, written)
    assert problem.message.startswith(told)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = '[offices]\n[office]\nunit = 1\ntimezone = "x"\nwho = 2\n[pdf]\nworkers = -1\n[access]\nseparation = "no"\n'
    assert [problem.field for problem in problems(tmp_path, text)] == [
        "offices", "office.unit", "office.timezone", "office.who", "pdf.workers", "access.separation",
    ]  # fmt: skip


def test_what_is_no_toml_or_no_text_is_told(tmp_path: Path) -> None:
    for written in (b"[office", "[office]\nunit = '科'".encode("gbk")):
        (tmp_path / "qrecords.toml").write_bytes(written)
        with pytest.raises(InvalidInput, match="读不出"):
            load(tmp_path)


def test_a_new_file_says_what_holds_without_it(tmp_path: Path) -> None:
    (tmp_path / "qrecords.toml").write_text(
        new_settings("tantivy", Settings(tmp_path).office.org_name), encoding="utf-8"
    )
    assert load(tmp_path) == Settings(tmp_path)
