"""Bad input is refused with row, field, reason and remedy, all problems at once, nothing half-written, exit 3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest

from tests.conftest import CommandLine

Sample = Callable[..., dict[str, Any]]
Write = Callable[..., Path]


@pytest.fixture
def refused(cli: CommandLine, write: Write, sample: Sample) -> Callable[..., list[dict[str, Any]]]:
    """Fill 10A with some values changed; return the problems after checking that nothing was made."""

    def attempt(**changes: Any) -> list[dict[str, Any]]:
        ran = cli("--json", "fill", "03A", write(sample("03A", **changes)), ok=False)
        assert ran.status == 3
        error = ran.json["error"]
        assert error["code"] == "invalid_input"
        assert error["remedy"]
        assert cli.json("list", "--all")["records"] == []
        assert not list((cli.root / "archive").rglob("*.docx"))
        return list(error["problems"])

    return attempt


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"subject": None}, "subject", "没有填写"),
        ({"subject": "  \n "}, "subject", "没有填写"),
        ({"subjekt": "x"}, "subjekt", "subject"),
        ({"fax_at": "2025-02-30 10:00"}, "fax_at", "日历上没有"),
        ({"fax_at": "3/4/2025 10:00"}, "fax_at", "2026-03-04 的样子"),
        ({"fax_at": "2009-01-01 10:00"}, "fax_at", "启用日期"),
        ({"fax_pages": -1}, "fax_pages", "太小"),
        ({"fax_pages": "两件"}, "fax_pages", "不是数字"),
        ({"secrecy_level": "绝密"}, "secrecy_level", "可选"),
        ({"subject": "包裹📦"}, "subject", "U+1F4E6"),
        ({"subject": "a\x07b"}, "subject", "U+0007"),
        ({"subject": "长" * 40_000}, "subject", "太长"),
        ({"subject": ["a"]}, "subject", "文字"),
    ],
)
def test_one_wrong_value(
    refused: Callable[..., list[dict[str, Any]]], changes: dict[str, Any], field: str, says: str
) -> None:
    (problem,) = refused(**changes)
    assert problem["field"] == field
    assert says in problem["message"]
    assert problem["row"] == 1


def test_all_problems_of_a_batch_at_once(cli: CommandLine, write: Write, sample: Sample) -> None:
    batch = [
        sample("03A"),
        sample("03A", subject=None, fax_at="x"),
        sample("03A", subject="示例另一份"),
        sample("03A", fax_pages="x"),
    ]
    ran = cli("--json", "fill", "03A", write(batch), write([sample("03A", nothing=1)]), ok=False)
    found = [(p["row"], p["field"]) for p in ran.json["error"]["problems"]]
    assert found == [(2, "fax_at"), (2, "subject"), (4, "fax_pages"), (1, "nothing")]
    assert cli.json("list")["records"] == []


def test_keep_going_makes_the_good_ones_and_tells_of_the_others(cli: CommandLine, write: Write, sample: Sample) -> None:
    source = write([sample("03A"), sample("03A", fax_pages="x"), sample("03A", subject="示例另一份")])
    ran = cli("--json", "fill", "03A", source, "--keep-going", ok=False)
    assert ran.status == 3
    assert ran.json["ok"] is False
    assert [r["record_no"] for r in ran.json["records"]] == ["QR758-03A-2025-00001", "QR758-03A-2025-00002"]
    assert [r["row"] for r in ran.json["rejected"]] == [2]


def test_a_dry_run_leaves_nothing(cli: CommandLine, write: Write, sample: Sample) -> None:
    assert len(cli.json("fill", "03A", write(sample("03A")), "--dry-run")["records"]) == 1
    assert cli.json("list", "--all")["records"] == []


def test_a_notice_that_is_not_there_is_refused(cli: CommandLine, write: Write, sample: Sample) -> None:
    answer = cli.json("fill", "06A", write(sample("06A", notice_no="QR758-04A-2025-00009")), ok=False)
    assert [p["field"] for p in answer["error"]["problems"]] == ["notice_no"]


def test_an_unknown_form_is_refused_with_the_closed_list(cli: CommandLine, write: Write) -> None:
    ran = cli("fill", "12A", write({}), ok=False)
    assert ran.status == 5
    assert "QR758-11A" in ran.err
    assert "第7章" in ran.err


@pytest.mark.parametrize(
    "text",
    [
        "a & b < c > d \"e\" 'f'",
        "{{ 7*7 }} {% for x in y %} {# c #} ${x}",
        "<w:t>不是标签</w:t> &amp; &lt;",
        "第一行\n第二行\n\n第四行",
        "制表\t之后",
        "Ω≥5 ℃ φ ±3 μV ①②③ №",
        "长" * 20_000,
        "两个  空格   三个",
    ],
    ids=["markup", "template", "tags", "lines", "tab", "symbols", "long", "blanks"],
)
def test_what_people_write_prints_as_they_wrote_it(cli: CommandLine, write: Write, sample: Sample, text: str) -> None:
    cli("fill", "04A", write(sample("04A")))
    cli("issue", "QR758-04A-2025-00001")
    source = write(sample("06A", fault_cause=text))
    (record,) = cli.json("fill", "06A", source, "--out", cli.root / "out")["records"]
    cells = {c.text for t in docx.Document(record["docx"]).tables for row in t.rows for c in row.cells}
    assert text in cells
    assert cli.json("show", record["record_no"])["record"]["values"]["fault_cause"] == text


@pytest.mark.parametrize(
    "name", ["missing.json", "empty.json", "broken.json", "broken.xlsx", "notes.doc", "folder.csv"]
)
def test_a_file_that_cannot_be_read_is_told_in_words(cli: CommandLine, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    elif not name.startswith("missing"):
        path.write_bytes({"empty.json": b"", "broken.json": b"{", "broken.xlsx": b"PK\x03\x04"}.get(name, b"x"))
    ran = cli("fill", "03A", path, ok=False)
    assert ran.status == 3
    assert name in ran.err


def test_the_same_input_given_twice_is_one_record(cli: CommandLine, write: Write, sample: Sample) -> None:
    values = sample("03A")
    ran = cli("--json", "fill", "03A", write(values, "a.json"), write(values, "b.json"))
    assert [r["record_no"] for r in ran.json["records"]] == ["QR758-03A-2025-00001"]
    assert "只生成一份" in ran.err
