"""Corrections after filing: a new version beside the old one, never a silent change (QS/PA758A 5.11.2, domain C.9)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.conftest import CommandLine
from tests.dying import killed_at
from tests.services.test_crash import assert_sound

pytestmark = pytest.mark.office

NUMBER = "QR758-01A-2025-00001"
WRONG, RIGHT = "示例：轴承润滑脂低于选型要求。", "示例：轴承润滑脂高于选型要求。"
Sample = Callable[..., Any]
Write = Callable[..., Path]


@pytest.fixture
def filed(cli: CommandLine, sample: Sample, write: Write) -> CommandLine:
    cli("fill", "01A", write(sample("01A", channel="电话", source_record_no=None, cause_analysis=WRONG)))
    cli("submit", NUMBER)
    cli("review", NUMBER, "--on", "2025-12-30")
    cli("file", NUMBER)
    return cli


def text_of(pdf: str | Path) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(str(pdf)).pages).split())


def test_a_correction_is_a_new_version_with_old_and_new_value_and_the_first_stays(
    filed: CommandLine, write: Write
) -> None:
    first = filed.json("show", NUMBER, "--history")["record"]
    (was,) = first["versions"]
    before = Path(was["pdf"]).read_bytes()
    answer = filed.json("correct", NUMBER, write({"cause_analysis": RIGHT}), "--reason", "示例：笔误")
    assert answer["record"] == {"record_no": NUMBER, "state": "filed", "version": 2}

    record = filed.json("show", NUMBER, "--history")["record"]
    assert record["values"]["cause_analysis"] == RIGHT
    (correction,) = record["corrections"]
    assert correction["changes"] == {"cause_analysis": [WRONG, RIGHT]}
    assert (correction["reason"], correction["version"]) == ("示例：笔误", 2)
    one, two = record["versions"]
    assert Path(one["pdf"]).read_bytes() == before, "the first version stays as it was"
    assert WRONG in text_of(one["pdf"])
    new = text_of(two["pdf"])
    assert f"{RIGHT}〔更1〕" in new
    assert f"更1：「原因分析」由「{WRONG}」改为「{RIGHT}」" in new
    assert "更改记录" in new

    frozen = json.loads((Path(two["pdf"]).parent / "record.json").read_text(encoding="utf-8"))
    assert frozen["records"][0]["corrections"] == record["corrections"]
    event = record["history"][-2 if record["history"][-1]["action"] == "read" else -1]
    assert "cause_analysis" in json.dumps(
        [e["detail"] for e in record["history"] if e["action"] == "correct"], ensure_ascii=False
    ), event
    assert RIGHT not in json.dumps(record["history"], ensure_ascii=False), "the log holds hashes, not values"
    assert record["item"]["archive_no"] == first["item"]["archive_no"]
    assert record["item"]["sha256"] == hashlib.sha256(Path(two["pdf"]).read_bytes()).hexdigest()
    assert_sound(filed)

    filed("correct", NUMBER, write({"cause_analysis": WRONG}), "--reason", "示例：还是原来的对")
    again = filed.json("show", NUMBER, "--history")["record"]
    assert [c["version"] for c in again["corrections"]] == [2, 3]
    assert len(again["versions"]) == 3
    (printed,) = filed.json("print", NUMBER)["prints"]
    assert f"{WRONG}〔更2〕" in text_of(printed["pdf"]), "a reprint carries the marks too"
    assert "更1" in filed("show", NUMBER).out


def test_a_bound_record_that_is_corrected_comes_into_a_supplement(filed: CommandLine, write: Write) -> None:
    (volume,) = filed.json("compile", 2025)["volumes"]
    bound = Path(volume["pdf"]).read_bytes()
    filed("correct", NUMBER, write({"cause_analysis": RIGHT}), "--reason", "示例：笔误")
    assert filed.json("show", NUMBER)["record"]["state"] == "bound"
    (supplement,) = filed.json("compile", 2025)["volumes"]
    assert supplement["volume_code"] != volume["volume_code"]
    assert "第2版" in text_of(supplement["pdf"])
    assert Path(volume["pdf"]).read_bytes() == bound, "a bound volume is not touched"
    assert filed.json("compile", 2025)["volumes"] == []
    assert_sound(filed)


def test_a_corrected_row_makes_the_next_version_of_its_month_and_a_late_row_keeps_the_mark(
    cli: CommandLine, sample: Sample, write: Write
) -> None:
    rows = [sample("10A"), sample("10A", user_need="示例：另一件"), sample("10A", user_need="示例：迟到的一件")]
    month = rows[0]["received_on"][:7]
    made = [r["record_no"] for r in cli.json("fill", "10A", write(rows))["records"]]
    cli("submit", *made[:2])
    cli("review", *made[:2], "--on", "2025-12-30")
    cli("file", "10A", "--month", month)
    answer = cli.json("correct", made[1], write({"handling_result": "示例：改过的结果"}), "--reason", "示例：写错行")
    assert answer["record"]["version"] == 2
    cli("submit", made[2])
    cli("review", made[2], "--on", "2025-12-31")
    (again,) = cli.json("file", "10A", "--month", month)["records"]
    assert (again["version"], again["rows"]) == (3, 3)
    shown = cli.json("show", made[1], "--history")["record"]
    newest = text_of(shown["versions"][-1]["pdf"])
    assert "示例：改过的结果〔更1〕" in newest
    assert f"更1：{made[1]}「处理结果」" in newest
    assert "示例：迟到的一件" in newest
    assert len(shown["versions"]) == 3
    assert_sound(cli)
    moved = cli("correct", made[0], write({"received_on": "2025-03-31"}), "--reason", "示例", ok=False)
    assert moved.status == 3
    assert "另一个月" in moved.err


def test_what_is_no_correction_is_refused_and_nothing_changes(filed: CommandLine, write: Write) -> None:
    same = filed("correct", NUMBER, write({"cause_analysis": WRONG}), "--reason", "示例", ok=False)
    assert (same.status, "没有要更正的" in same.err) == (3, True)
    for wrong, words in (
        ({"received_at": "2024-03-17 09:20"}, "不能改到另一年"),
        ({"cause_analysis": ""}, "原因分析"),
        ({"reply_channel": "口头"}, "回复方式"),
        ({"no_such_field": "x"}, "没有「no_such_field」"),
    ):
        ran = filed("--json", "correct", NUMBER, write(wrong), "--reason", "示例", ok=False)
        assert ran.status == 3
        assert any(words in p["message"] for p in ran.json["error"]["problems"]), ran.out
    assert filed("correct", NUMBER, write({"cause_analysis": RIGHT}), "--reason", "  ", ok=False).status == 2
    assert filed.json("show", NUMBER)["record"]["item"]["version"] == 1
    assert_sound(filed)


def test_a_record_not_filed_is_updated_not_corrected(cli: CommandLine, sample: Sample, write: Write) -> None:
    cli("fill", "10A", write(sample("10A")))
    ran = cli("correct", "QR758-10A-2025-00001", write({"handling_result": "x"}), "--reason", "示例", ok=False)
    assert ran.status == 6
    assert "续填（update）" in ran.err


CHECKPOINTS = [
    pytest.param("correct.intent", 1),
    pytest.param("publish.version_in", 2),
    *[
        pytest.param(name, version, marks=pytest.mark.slow)
        for name, version in (
            ("correct.papers", 1),
            ("publish.begin", 1),
            ("publish.inventory_in", 2),
            ("publish.done", 2),
            ("publish.tidy", 2),
            ("correct.frozen", 2),
            ("correct.committed", 2),
        )
    ],
]


@pytest.mark.parametrize(("checkpoint", "version"), CHECKPOINTS)
def test_a_correction_killed_at_any_step_is_whole_or_never_was(
    filed: CommandLine, write: Write, checkpoint: str, version: int
) -> None:
    source = write({"cause_analysis": RIGHT})
    killed_at(checkpoint, 1, filed.root, "correct", NUMBER, source, "--reason", "示例：笔误")
    assert filed.json("status")["under_way"] == 0
    record = filed.json("show", NUMBER)["record"]
    assert record["item"]["version"] == version
    assert record["values"]["cause_analysis"] == (WRONG if version == 1 else RIGHT)
    assert len(record["corrections"]) == version - 1
    if version == 1:
        filed("correct", NUMBER, source, "--reason", "示例：笔误")
    assert_sound(filed)
